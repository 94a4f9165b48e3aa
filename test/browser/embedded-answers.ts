// What a visitor does with the answers of a chat that stands on another origin's page, and what of it
// becomes signals: exactly that, and once. Registered by embed.test.ts, whose stack and pages these use.
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { sidewaysScroll, tabTo, textOf, violations } from './browser.ts';
import { answerIs, ask, idOf, lastAnswer, reaches, says } from './conversation.ts';
import type { OnStage } from './on-stage.ts';

interface Embedded {
  suite: OnStage;
  visit(path: string, options?: BrowserContextOptions): Promise<Page>;
}

export function testAnswers({ suite, visit }: Embedded): void {
  /** Stops the page's clock at so many seconds after now, and goes on from there when told. */
  const clockOf = async (page: Page) => {
    const start = Date.now();
    const at = (seconds: number) => page.clock.setFixedTime(start + seconds * 1000);
    await at(0);
    return at;
  };
  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
  /** What a browser does between two pictures is done. */
  const drawn = (page: Page) =>
    page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
        }),
    );
  const signalsOf = async (id: string) =>
    (await suite.stage.recorded(id, 'signals')).map(({ metadata }) => metadata);
  const leave = (page: Page) => page.goto(new URL('/gone', page.url()).href);

  it('cites what the page knew, and sends exactly what was done with it, once', async () => {
    const page = await visit('/react');
    const at = await clockOf(page);
    const opens = async (press: () => Promise<void>): Promise<string> => {
      const opened = page.context().waitForEvent('page');
      await press();
      const tab = await opened;
      await tab.waitForURL(/sources/);
      const { pathname } = new URL(tab.url());
      expect(await tab.evaluate(() => window.opener)).toBeNull();
      await tab.close();
      return pathname;
    };
    const id = await ask(page);
    const sources = page.getByRole('group', { name: 'Sources' });
    expect(await sources.getByRole('listitem').allTextContents()).toEqual([
      'How to drain a node',
      'What was said at lunch',
      'Disruption budgets',
    ]);
    const drain = sources.getByRole('link', { name: 'How to drain a node' });
    expect(await sources.getByRole('link').count()).toBe(2);
    expect(await violations(page)).toEqual([]);

    await at(2.5);
    expect(await opens(() => drain.click())).toBe('/sources/drain');
    await at(9);
    expect(await opens(() => drain.click({ button: 'middle' }))).toBe('/sources/drain');
    // A menu was asked for, and no source.
    await drain.click({ button: 'right' });
    await page.getByTestId('chat-input').focus();
    await tabTo(page, 'citation', 'Shift+Tab');
    expect(await opens(() => page.keyboard.press('Enter'))).toBe('/sources/pdb');
    await page.getByTestId('copy').click();
    await page.getByTestId('copy').filter({ hasText: 'Copied' }).waitFor();
    await at(45);
    const next = await ask(page, 'And how do I upgrade a cluster?');

    await leave(page);
    await suite.stage.recorded(next, 'signals');
    expect(await signalsOf(id)).toEqual([
      {
        copy_event: true,
        citation_clicks: 3,
        read_time_seconds: 45,
        time_to_action_seconds: 2.5,
        follow_up_asked: true,
      },
    ]);
  });

  it('copies the very code of a block, which is a copy and nothing else', async () => {
    const page = await visit('/inline');
    const at = await clockOf(page);
    const code = 'kubectl drain "$1" \\\n\t--force   # <b>ünd</b> &amp;\n\n  exit 0';
    await answerIs(page, `Run **this**:\n\n\`\`\`sh\n${code}\n\`\`\`\n\nor:\n\n~~~\nreboot\n~~~`);
    const id = await ask(page);
    expect(await page.getByRole('article').ariaSnapshot()).toMatchInlineSnapshot(`
      "- 'article "Question: Say hello."':
        - heading "Say hello." [level=2]
        - group "Answer":
          - paragraph:
            - text: Run
            - strong: this
            - text: ":"
          - figure "sh Copy code":
            - text: sh
            - button "Copy code"
            - code: "kubectl drain \\"$1\\" \\\\ --force # <b>ünd</b> &amp; exit 0"
          - paragraph: "or:"
          - figure "code Copy code":
            - text: code
            - button "Copy code"
            - code: reboot
        - group "Rate this answer":
          - button "Helpful"
          - button "Not helpful"
          - group "Rate from one to five stars":
            - button "1 star"
            - button "2 stars"
            - button "3 stars"
            - button "4 stars"
            - button "5 stars"
          - button "Copy"
          - button "Correct this answer"
          - status
          - paragraph:
            - text: Answered by
            - code: smollm2-135m-instruct"
    `);
    const space = (figure: Element) => getComputedStyle(figure).marginTop;
    expect(await page.locator('figure').first().evaluate(space)).not.toBe('0px');
    const [first, second] = await page.getByTestId('copy-code').all();
    await at(4);
    await first?.click();
    await first?.getByText('Copied').waitFor();
    expect(await clipboard(page)).toBe(code);
    await at(20);
    await second?.press('Enter');
    await second?.getByText('Copied').waitFor();
    expect(await clipboard(page)).toBe('reboot');
    await at(30);
    await leave(page);
    expect(await signalsOf(id)).toEqual([
      { copy_event: true, read_time_seconds: 30, time_to_action_seconds: 4 },
    ]);
  });

  it('draws what a model writes without its HTML, its scripts and its pictures', async () => {
    const page = await visit('/inline');
    const evil = '<img src=x onerror="hacked = 1"><script>hacked = 1</script>';
    const links = `[a](javascript:hacked=1) [b](https://example.org/) ![c](${suite.stage.url}/x.png)`;
    await answerIs(page, `# ${evil}\n\n${evil} ${links}\n\n| ${evil} |\n|---|\n| ${links} |`);
    await ask(page);
    const answer = lastAnswer(page);
    expect((await textOf(answer)).split(evil)).toHaveLength(4);
    expect(await answer.locator('img, script, iframe, style').count()).toBe(0);
    const hrefs = answer.getByRole('link').evaluateAll((all) => all.map((one) => `${one}`));
    // A picture is a link to it: looking at it is the reader's choice.
    const both = ['https://example.org/', `${suite.stage.url}/x.png`];
    expect(await hrefs).toEqual([...both, ...both]);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(await sidewaysScroll(page)).toBe(0);
  });

  it('counts reading only while the answer can be seen', async () => {
    const page = await visit('/corner');
    await page.getByTestId('widget-open').click();
    const at = await clockOf(page);
    // 25 seconds of reading.
    await answerIs(page, 'word '.repeat(100));
    const id = await ask(page);
    await at(5);
    await page.getByTestId('widget-close').click();
    await drawn(page);
    await at(600);
    await page.getByTestId('widget-open').click();
    await drawn(page);
    await at(610);
    await leave(page);
    expect(await signalsOf(id)).toEqual([{ read_time_seconds: 15, abandoned: true }]);
  });

  it('is stopped by Escape, and does not call an answer abandoned that is asked for again', async () => {
    const page = await visit('/corner');
    await page.getByTestId('widget-open').click();
    // However long the next answer takes: nobody reads the one before meanwhile.
    const at = await clockOf(page);
    await page.getByTestId('chat-input').fill('Explain Kubernetes in a long list of steps.');
    await page.keyboard.press('Enter');
    await reaches(lastAnswer(page), 'writing');
    await page.keyboard.press('Escape');
    await reaches(lastAnswer(page), 'stopped');
    const id = await idOf(page);
    await at(1);
    await page.getByTestId('retry').press('Enter');
    await at(60);
    await reaches(lastAnswer(page), 'done');
    expect(await idOf(page)).not.toBe(id);
    expect(await page.getByTestId('answer').count()).toBe(1);
    expect(await signalsOf(id)).toEqual([{ read_time_seconds: 1 }]);
  });

  it('judges each answer for itself where a page shows the latest one', async () => {
    const page = await visit('/latest');
    const thumb = page.getByTestId('thumb-up');
    const told: string[] = [];
    while (told.length < 2) {
      await page.getByTestId('ask').click();
      const isNew = async () => {
        const shown = await page.getByTestId('answer').count();
        return shown === 1 && !told.includes(await idOf(page));
      };
      await expect.poll(isNew, { timeout: 90_000 }).toBe(true);
      const id = await idOf(page);
      expect(await thumb.getAttribute('aria-pressed')).toBe('false');
      expect(await textOf(page.getByTestId('feedback-status'))).toBe('');
      await thumb.click();
      await says(page, 'recorded');
      expect(await thumb.getAttribute('aria-pressed')).toBe('true');
      expect(await suite.stage.recorded(id, 'thumbs_up')).toHaveLength(1);
      told.push(id);
    }
  });

  it('works by its plain functions as the guide writes them', async () => {
    const page = await visit('/plain');
    const voted = await page.waitForRequest(`${suite.stage.url}/api/feedback`, { timeout: 90_000 });
    const { interaction_id: id } = z
      .object({ interaction_id: z.string() })
      .parse(voted.postDataJSON());
    expect(await suite.stage.recorded(id, 'thumbs_up')).toHaveLength(1);
    const element = page.locator('#chat');
    expect((await textOf(element)).trim()).not.toBe('');
    await element.evaluate((one) => {
      const link = document.createElement('a');
      link.href = '/sources/drain';
      link.target = '_blank';
      link.textContent = 'a link';
      one.append(link);
    });
    await element.getByRole('link').click();
    await element.getByRole('link').click({ button: 'middle' });
    await element.selectText();
    await page.keyboard.press('ControlOrMeta+C');
    await leave(page);
    expect(await signalsOf(id)).toMatchObject([{ copy_event: true, citation_clicks: 2 }]);
  });
}
