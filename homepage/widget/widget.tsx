// The one script tag: puts the chat onto any page, in a shadow root, so that neither the page's styles
// nor the chat's reach the other. Bundled to widget.js by build.ts, which the Worker serves.
import { createRoot } from 'react-dom/client';
import { Chat } from '../chat/chat.tsx';
import { Launcher } from './launcher.tsx';
import { readOptions, type WidgetOptions } from './options.ts';
import css from './widget.css';

// Only known while the script runs for the first time.
const script = document.currentScript;
if (!(script instanceof HTMLScriptElement)) {
  throw new Error('widget.js: load it with a plain script tag, without type="module".');
}
start(script);

function start(tag: HTMLScriptElement): void {
  const options = readOptions(tag.dataset);
  const baseUrl = new URL(options.host ?? tag.src, location.href).origin;
  const show = () => mount(options, baseUrl);
  // A target further down the page is there once the page has been read.
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', show);
  else show();
}

function mount({ target, host: _host, ...options }: WidgetOptions, baseUrl: string): void {
  const place = target === undefined ? document.body : document.querySelector(target);
  if (place === null) {
    throw new Error(`widget.js: data-target is ${target}, and no element on this page matches it.`);
  }
  const host = place.appendChild(document.createElement('bruno-chat'));
  if (target === undefined) host.className = 'corner';
  const shadow = host.attachShadow({ mode: 'open' });
  // Not a <style>: a page's policy may forbid those.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  const props = { ...options, baseUrl };
  createRoot(shadow).render(target === undefined ? <Launcher {...props} /> : <Chat {...props} />);
}
