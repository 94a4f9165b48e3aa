/**
 * Keeps the model server equal to what the edge says must be served.
 * Called at start and on every poll by main.ts. Files that were lost are fetched again, checked by
 * sha256; a version is taken out only after it was unlisted for a while, because a version just trained
 * is listed a moment later. What the edge has pruned goes at once, from the disk too. It does nothing when
 * the two are equal.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HomePaths } from './config.ts';
import type { PrunedModel, Serving, ServingModel } from './edge-schema.ts';
import type { Log } from './log.ts';
import { sentenceOf } from './log.ts';
import type { HeldModel, ModelServer } from './model-server/index.ts';
import { registrationOf } from './publish.ts';
import { downloadChecked, fileSize } from './transfer.ts';

export const REMOVE_AFTER_MS = 60_000;
export const LATEST = 'latest';

export type Plan = {
  register: ServingModel[];
  tagLatest: string | null;
  remove: string[];
  /** What the edge has pruned, and has not been removed here since the start. */
  prune: PrunedModel[];
  unlistedSince: ReadonlyMap<string, number>;
};

export type PlanFacts = {
  serving: Serving;
  held: readonly HeldModel[];
  /** The version a running job is publishing right now; null when there is none. */
  pinned: string | null;
  keepsUnlisted: boolean;
  unlistedSince: ReadonlyMap<string, number>;
  pruned: ReadonlySet<string>;
  now: number;
};

/** What has to change; pure. */
export const planServing = (facts: PlanFacts): Plan => {
  const { serving, held, now } = facts;
  const byId = new Map(held.map((model) => [model.modelId, model]));
  const listed = new Set(serving.models.map((model) => model.model_id));
  const register = serving.models.filter((model) => {
    if (model.model_id === facts.pinned) return false;
    const have = byId.get(model.model_id);
    return !have || (model.week_tag !== null && !holdsWeek(held, have, model.week_tag));
  });
  const { production } = serving;
  const willHold = (id: string) => byId.has(id) || register.some((model) => model.model_id === id);
  const isLatest = production !== null && byId.get(production)?.tags.includes(LATEST) === true;
  const isBase = production !== null && byId.get(production)?.isBase === true;
  const wantsTag = production !== null && !isLatest && !isBase && willHold(production);
  const unlistedSince = new Map<string, number>();
  const remove: string[] = [];
  if (!facts.keepsUnlisted) {
    for (const model of held) {
      if (model.isBase || listed.has(model.modelId) || model.modelId === facts.pinned) continue;
      const since = facts.unlistedSince.get(model.modelId) ?? now;
      if (now - since >= REMOVE_AFTER_MS) remove.push(model.modelId);
      else unlistedSince.set(model.modelId, since);
    }
  }
  const prune = serving.pruned.filter(
    ({ model_id: id }) => !facts.pruned.has(id) && !listed.has(id) && id !== facts.pinned,
  );
  const tagLatest = wantsTag ? production : null;
  return { register, tagLatest, remove, prune, unlistedSince };
};

/** A week's tag belongs to its newest version: an older one of that week need not carry it. */
const holdsWeek = (held: readonly HeldModel[], model: HeldModel, tag: string): boolean =>
  held.some((other) => other.tags.includes(tag) && !isNewer(model.modelId, other.modelId));

const isNewer = (a: string, b: string): boolean => a.localeCompare(b, 'en', { numeric: true }) > 0;

export type Reconciler = { run(serving: Serving, pinned: string | null): Promise<void> };

export const createReconciler = (options: {
  server: ModelServer;
  paths: HomePaths;
  bases: readonly string[];
  log: Log;
}): Reconciler => {
  const { server, paths, log } = options;
  let unlistedSince: ReadonlyMap<string, number> = new Map();
  // One broken version is reported once, not at each poll.
  const reported = new Map<string, string>();

  const guarded = async (key: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      reported.delete(key);
    } catch (error) {
      const problem = sentenceOf(error);
      if (reported.get(key) !== problem) log('error', 'serving is not as wanted', { key, problem });
      reported.set(key, problem);
    }
  };

  const restore = async (model: ServingModel): Promise<void> => {
    const directory = join(paths.models, model.model_id);
    const needed: readonly string[] =
      server.kind === 'ollama' ? [server.serves, 'Modelfile'] : [server.serves];
    for (const file of model.files.filter((candidate) => needed.includes(candidate.name))) {
      await downloadChecked(file, join(directory, file.name));
    }
    await server.register(registrationOf(paths, model));
    log('info', 'registered', { model: model.model_id });
  };

  const pruned = new Set<string>();
  /** From the model server, with tags, and from the disk; done again after a restart, which finds nothing. */
  const prune = async (name: string, models: readonly PrunedModel[]): Promise<void> => {
    const ids = models.map((model) => model.model_id);
    await server.prune(name, ids);
    const folders = new Set(await readdir(paths.models));
    for (const id of ids) {
      if (folders.has(id)) {
        await rm(join(paths.models, id), { recursive: true, force: true });
        log('info', 'pruned', { model: id });
      }
      pruned.add(id);
    }
  };

  return {
    async run(serving, pinned) {
      for (const name of options.bases) {
        if (server.list().some((model) => model.modelId === name)) continue;
        const gguf = paths.baseGguf(name);
        if ((await fileSize(gguf)) === null) continue;
        await guarded(name, () => server.addBase({ name, gguf }));
      }
      const { keepsUnlisted } = server;
      const held = server.list();
      const now = performance.now();
      const facts = { serving, held, pinned, keepsUnlisted, unlistedSince, pruned, now };
      const plan = planServing(facts);
      unlistedSince = plan.unlistedSince;
      for (const model of plan.register) await guarded(model.model_id, () => restore(model));
      const { tagLatest } = plan;
      if (tagLatest !== null) await guarded(LATEST, () => server.tag(tagLatest, LATEST));
      for (const id of plan.remove) await guarded(id, () => server.remove(id));
      for (const [name, models] of Map.groupBy(plan.prune, (model) => model.name)) {
        await guarded(`pruning ${name}`, () => prune(name, models));
      }
    },
  };
};
