// Asks a workerd that was started with its inspector about one of its Workers (Chrome DevTools Protocol).

import { z } from 'zod';

const targetsSchema = z.array(z.looseObject({ webSocketDebuggerUrl: z.url() }));
/** workerd leaves out a result that has nothing in it. */
const replySchema = z.looseObject({ id: z.int(), result: z.unknown().optional() });
const usageSchema = z.looseObject({ usedSize: z.number(), totalSize: z.number() });
const profileSchema = z.looseObject({
  profile: z.looseObject({
    nodes: z.array(
      z.looseObject({
        id: z.int(),
        callFrame: z.looseObject({
          functionName: z.string(),
          url: z.string(),
          lineNumber: z.int(),
          columnNumber: z.int(),
        }),
        children: z.array(z.int()).default([]),
      }),
    ),
    samples: z.array(z.int()),
    timeDeltas: z.array(z.number()),
  }),
});
/** Times in microseconds; a sample names the node that ran, lines and columns count from 0. */
export type CpuProfile = z.infer<typeof profileSchema>['profile'];

const ANSWER_WITHIN_MS = 30_000;

export class Inspector {
  private readonly socket: WebSocket;
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown>>();
  private asked = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      const { success, data: reply } = replySchema.safeParse(JSON.parse(String(data)));
      if (success) this.waiting.get(reply.id)?.resolve(reply.result);
    };
    socket.onclose = () => {
      for (const one of this.waiting.values()) one.reject(new Error('the inspector has left'));
    };
  }

  static async of(port: number, service: string): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const targets = targetsSchema.parse(await response.json());
    const found = targets.find(({ webSocketDebuggerUrl: url }) => url.endsWith(`/${service}`));
    if (found === undefined) throw new Error(`The inspector knows no service "${service}".`);
    const socket = new WebSocket(found.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('the inspector cannot be reached'));
    });
    return new Inspector(socket);
  }

  async heap(): Promise<{ heapUsedMib: number; heapTotalMib: number }> {
    const { usedSize, totalSize } = usageSchema.parse(await this.ask('Runtime.getHeapUsage'));
    return { heapUsedMib: usedSize / 2 ** 20, heapTotalMib: totalSize / 2 ** 20 };
  }

  /** Where the Worker's time goes while `work` runs, looked at every `everyUs` microseconds. */
  async profile(work: () => Promise<void>, everyUs: number): Promise<CpuProfile> {
    await this.ask('Profiler.enable');
    await this.ask('Profiler.setSamplingInterval', { interval: everyUs });
    await this.ask('Profiler.start');
    await work();
    return profileSchema.parse(await this.ask('Profiler.stop')).profile;
  }

  close(): void {
    this.socket.close();
  }

  private async ask(method: string, params: object = {}): Promise<unknown> {
    this.asked += 1;
    const id = this.asked;
    const answered = Promise.withResolvers<unknown>();
    this.waiting.set(id, answered);
    const late = setTimeout(
      () => answered.reject(new Error(`the inspector did not answer ${method}`)),
      ANSWER_WITHIN_MS,
    );
    this.socket.send(JSON.stringify({ id, method, params }));
    try {
      return await answered.promise;
    } finally {
      clearTimeout(late);
      this.waiting.delete(id);
    }
  }
}
