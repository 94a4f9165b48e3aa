/**
 * Every command, argument and option of `bruno`, as data.
 * The parser, the help pages and the dispatch all read it, so none can know a word the others don't.
 */
import type { OptionName } from './option-table.ts';

export type CommandSpec = {
  readonly words: readonly string[];
  readonly summary: string;
  readonly args: readonly {
    readonly name: string;
    readonly many?: boolean;
    readonly optional?: boolean;
  }[];
  readonly options: readonly OptionName[];
  readonly required?: readonly OptionName[];
};

const commands = {
  status: {
    words: ['status'],
    summary: 'what is live, what was learned, what waits',
    args: [],
    options: [],
  },
  doctor: {
    words: ['doctor'],
    summary: 'check this machine and the stack, or a deployment, and say what to mend',
    args: [],
    options: ['deploy', 'offline'],
  },
  'week end': {
    words: ['week', 'end'],
    summary: 'on one machine: let Sunday 02:00 UTC come, which curates and trains',
    args: [],
    options: [],
  },
  'dataset curate': {
    words: ['dataset', 'curate'],
    summary: 'make a week of answers into a dataset',
    args: [],
    options: ['week', 'wait', 'wait-limit'],
  },
  'dataset list': {
    words: ['dataset', 'list'],
    summary: 'all datasets, newest first',
    args: [],
    options: [],
  },
  'dataset show': {
    words: ['dataset', 'show'],
    summary: 'one dataset and its counts',
    args: [{ name: 'ID' }],
    options: [],
  },
  'job create': {
    words: ['job', 'create'],
    summary: 'train a model from a dataset',
    args: [{ name: 'DATASET' }],
    options: [],
  },
  'job list': { words: ['job', 'list'], summary: 'all training jobs', args: [], options: [] },
  'job show': {
    words: ['job', 'show'],
    summary: 'one training job',
    args: [{ name: 'ID' }],
    options: ['follow', 'wait-limit'],
  },
  'job cancel': {
    words: ['job', 'cancel'],
    summary: 'stop a job',
    args: [{ name: 'ID' }],
    options: [],
  },
  'review list': {
    words: ['review', 'list'],
    summary: "visitors' corrections and what was decided",
    args: [],
    options: ['status'],
  },
  'review accept': {
    words: ['review', 'accept'],
    summary: 'let corrections train the model',
    args: [{ name: 'EVENT_ID', many: true, optional: true }],
    options: ['all', 'note'],
  },
  'review reject': {
    words: ['review', 'reject'],
    summary: 'keep corrections out of training',
    args: [{ name: 'EVENT_ID', many: true }],
    options: ['note'],
  },
  'deadletter list': {
    words: ['deadletter', 'list'],
    summary: 'messages that could not be written, and why',
    args: [],
    options: [],
  },
  'deadletter replay': {
    words: ['deadletter', 'replay'],
    summary: 'send them to be written again',
    args: [{ name: 'ID', many: true, optional: true }],
    options: ['all'],
  },
  'bounds list': {
    words: ['bounds', 'list'],
    summary: 'visitors whose votes do not all count, and by which rule',
    args: [],
    options: ['days'],
  },
  'model list': { words: ['model', 'list'], summary: 'all model versions', args: [], options: [] },
  'model show': {
    words: ['model', 'show'],
    summary: 'one version: measurements, files, origin',
    args: [{ name: 'ID' }],
    options: [],
  },
  'model prune': {
    words: ['model', 'prune'],
    summary: 'take the files of old candidates that nothing needs',
    args: [],
    options: ['dry-run', 'reason'],
  },
  'route show': {
    words: ['route', 'show'],
    summary: 'who gets which model, and how it came to be',
    args: [],
    options: [],
  },
  'route start': {
    words: ['route', 'start'],
    summary: 'give a candidate a share of visitors',
    args: [{ name: 'MODEL' }],
    options: ['share', 'slice', 'reason', 'request-id'],
    required: ['reason'],
  },
  'route share': {
    words: ['route', 'share'],
    summary: "change the candidate's share",
    args: [{ name: 'SHARE' }],
    options: ['experiment', 'reason', 'request-id'],
    required: ['reason'],
  },
  'route promote': {
    words: ['route', 'promote'],
    summary: 'make the candidate production',
    args: [],
    options: ['experiment', 'reason', 'request-id'],
    required: ['reason'],
  },
  'route rollback': {
    words: ['route', 'rollback'],
    summary: 'go back to the model before',
    args: [],
    options: ['experiment', 'reason', 'request-id'],
  },
  'key create': {
    words: ['key', 'create'],
    summary: "make an API key for a homepage's server; prints it once",
    args: [{ name: 'NAME' }],
    options: ['scope', 'prefix', 'expires', 'request-id'],
    required: ['scope'],
  },
  'key list': {
    words: ['key', 'list'],
    summary: 'all API keys, newest first, without their secrets',
    args: [],
    options: [],
  },
  'key revoke': {
    words: ['key', 'revoke'],
    summary: 'let an API key open nothing any more, within seconds',
    args: [{ name: 'ID' }],
    options: ['reason'],
    required: ['reason'],
  },
  'experiment plan': {
    words: ['experiment', 'plan'],
    summary: 'what an experiment could find out, from the last two weeks of traffic',
    args: [],
    options: ['settings', 'promote-on'],
  },
  'experiment start': {
    words: ['experiment', 'start'],
    summary: 'plan an experiment with a model or settings and start it, or start a planned one',
    args: [{ name: 'MODEL_OR_ID', optional: true }],
    options: ['settings', 'promote-on', 'reason', 'request-id'],
    required: ['reason'],
  },
  'experiment list': {
    words: ['experiment', 'list'],
    summary: 'all experiments, newest first',
    args: [],
    options: [],
  },
  'experiment show': {
    words: ['experiment', 'show'],
    summary: 'where one stands and why, its evidence and its history',
    args: [{ name: 'ID' }],
    options: [],
  },
  'experiment answers': {
    words: ['experiment', 'answers'],
    summary: 'what one arm answered, and how visitors took it',
    args: [{ name: 'ID' }],
    options: ['arm', 'low', 'order', 'limit', 'after'],
    required: ['arm'],
  },
  'experiment chat': {
    words: ['experiment', 'chat'],
    summary: 'ask the candidate and production side by side; nothing of it is recorded',
    args: [{ name: 'ID' }, { name: 'QUESTION' }],
    options: [],
  },
  'experiment approve': {
    words: ['experiment', 'approve'],
    summary: 'let it take the step that it is ready for',
    args: [{ name: 'ID' }],
    options: ['reason', 'request-id'],
    required: ['reason'],
  },
  'experiment reject': {
    words: ['experiment', 'reject'],
    summary: 'end one that waits for you, and take it off',
    args: [{ name: 'ID' }],
    options: ['reason', 'request-id'],
    required: ['reason'],
  },
  'experiment pause': {
    words: ['experiment', 'pause'],
    summary: 'stop its clock; visitors stay as they are',
    args: [{ name: 'ID' }],
    options: ['reason', 'request-id'],
    required: ['reason'],
  },
  'experiment resume': {
    words: ['experiment', 'resume'],
    summary: 'let its clock go on',
    args: [{ name: 'ID' }],
    options: ['reason', 'request-id'],
    required: ['reason'],
  },
  'experiment stop': {
    words: ['experiment', 'stop'],
    summary: 'end it and take the candidate off',
    args: [{ name: 'ID' }],
    options: ['reason', 'request-id'],
    required: ['reason'],
  },
  'experiment rollback': {
    words: ['experiment', 'rollback'],
    summary: 'take the candidate off at once, as harmful',
    args: [{ name: 'ID' }],
    options: ['reason', 'request-id'],
    required: ['reason'],
  },
  'experiment analyze': {
    words: ['experiment', 'analyze'],
    summary: "judge an experiment's rows (visitor,arm,stage,metric,n,y)",
    args: [{ name: 'FILE.csv' }],
    options: ['page', 'rules', 'split'],
  },
  'settings create': {
    words: ['settings', 'create'],
    summary: 'make settings to try: system prompt, sampling, how much of the sources is given',
    args: [{ name: 'FILE.yaml', optional: true }],
    options: ['name', 'prompt-file', 'reason'],
    required: ['reason'],
  },
  'settings list': {
    words: ['settings', 'list'],
    summary: 'what answers may be given under, newest first',
    args: [],
    options: [],
  },
  'settings show': {
    words: ['settings', 'show'],
    summary: 'all that some settings say',
    args: [{ name: 'ID' }],
    options: [],
  },
  'holdout show': {
    words: ['holdout', 'show'],
    summary: 'what the loop gains, against visitors held out on an older model',
    args: [],
    options: [],
  },
  'judge show': {
    words: ['judge', 'show'],
    summary: "who judges experiments' answers, and how well",
    args: [],
    options: [],
  },
  'judge measure': {
    words: ['judge', 'measure'],
    summary: 'how many planted falsehoods it finds, and how often it is wrong',
    args: [],
    options: ['wait-limit'],
  },
  'history list': {
    words: ['history', 'list'],
    summary: 'what was decided, when, by whom and why; newest first',
    args: [],
    options: ['kind', 'subject', 'before', 'limit'],
  },
  'history show': {
    words: ['history', 'show'],
    summary: 'one row of the history, with its signature',
    args: [{ name: 'ROW' }],
    options: [],
  },
  'history at': {
    words: ['history', 'at'],
    summary: 'what was live at a time such as 2026-11-03T10:00Z, and why',
    args: [{ name: 'TIME' }],
    options: [],
  },
  'history verify': {
    words: ['history', 'verify'],
    summary: 'find changed, missing, moved or cut-off rows of the history',
    args: [],
    options: [],
  },
  'notify list': {
    words: ['notify', 'list'],
    summary: 'messages to Slack and PagerDuty, and what became of them',
    args: [],
    options: ['state', 'limit'],
  },
  'notify test': {
    words: ['notify', 'test'],
    summary: 'send a test message to each channel that is on',
    args: [],
    options: ['request-id'],
  },
  erase: {
    words: ['erase'],
    summary: 'erase a visitor: chats, votes, and what datasets hold of them',
    args: [{ name: 'VISITOR_ID' }],
    options: ['reason', 'dry-run'],
    required: ['reason'],
  },
  'erase list': {
    words: ['erase', 'list'],
    summary: 'who was erased when and why, and how far it is',
    args: [],
    options: [],
  },
  'lineage show': {
    words: ['lineage', 'show'],
    summary: 'where an answer, vote, model or dataset comes from',
    args: [{ name: 'ID' }],
    options: [],
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof commands;
export const COMMANDS: ReadonlyMap<string, CommandSpec> = new Map(Object.entries(commands));
export const NOUNS: readonly string[] = [
  ...new Set(Object.values(commands).map((command) => command.words[0])),
];

/** Verbs of a noun; none for a noun that stands alone. */
export function verbsOf(noun: string): string[] {
  const found: string[] = [];
  for (const { words } of COMMANDS.values()) {
    const [first, verb] = words;
    if (first === noun && verb !== undefined) found.push(verb);
  }
  return found;
}

export function isCommandName(name: string): name is CommandName {
  return COMMANDS.has(name);
}
