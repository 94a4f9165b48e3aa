// What the drawing makes of a model's words: elements and text, never the model's own HTML.
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Markdown } from './markdown.tsx';

const drawn = (text: string) => renderToStaticMarkup(<Markdown text={text} onCopied={() => {}} />);

describe('the drawing of an answer', () => {
  it('gives each block of code its language and a button that copies it', () => {
    const html = drawn('Run:\n\n```sh\nkubectl get pods\n```');
    expect(html).toContain('<span>sh</span>');
    expect(html).toContain('data-testid="copy-code"');
    expect(html).toContain('<code>kubectl get pods</code>');
  });
  it('shows HTML as text, in words, in code and in tables', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const html = drawn(
      `${evil}\n\n\`${evil}\`\n\n| ${evil} |\n|---|\n| ${evil} |\n\n\`\`\`\n${evil}\n\`\`\``,
    );
    expect(html).not.toContain('<img');
    expect(html.split('&lt;img src=x onerror=alert(1)&gt;')).toHaveLength(6);
  });
  it('opens links elsewhere and tells nobody where from, and draws no unsafe one', () => {
    const html = drawn('[a](https://example.org) [b](javascript:alert(1)) ![c](data:text/html,x)');
    expect(html).toBe(
      '<p><a href="https://example.org/" target="_blank" rel="noopener noreferrer nofollow">a</a> b c</p>',
    );
  });
  it('keeps the headings of an answer below that of its question', () => {
    expect(drawn('# One\n### Three')).toBe('<h3>One</h3><h4>Three</h4>');
  });
});
