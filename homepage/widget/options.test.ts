// What a page may say on the script tag.
import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

describe('the script tag', () => {
  it('needs nothing', () => {
    expect(readOptions({})).toEqual({});
  });
  it('takes its words, ideas and colours from its attributes', () => {
    expect(
      readOptions({
        target: '#chat',
        title: ' Ask Bruno ',
        ideas: 'One? | Two? |',
        theme: 'dark',
        privacyUrl: 'https://example.org/privacy',
        cfasync: 'false',
      }),
    ).toEqual({
      target: '#chat',
      title: 'Ask Bruno',
      ideas: ['One?', 'Two?'],
      theme: 'dark',
      privacyUrl: 'https://example.org/privacy',
    });
  });
  it('names every attribute that it cannot read', () => {
    expect(() => readOptions({ theme: 'blue', privacyUrl: 'javascript:alert(1)' })).toThrow(
      /data-theme, data-privacy-url cannot be read\. data-theme is auto, light or dark/,
    );
  });
});
