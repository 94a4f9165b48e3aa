/**
 * Every option of `bruno`, as data: what the commands in command-table.ts may take.
 */
export type OptionSpec = {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in help; absent for switches. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  /** May be given several times: the values come joined by commas. */
  readonly many?: true;
};

const options = {
  url: {
    type: 'string',
    value: 'URL',
    help: 'the stack (BRUNO_URL, or the address it left in BRUNO_HOME)',
  },
  token: {
    type: 'string',
    value: 'TOKEN',
    help: 'operator token (better: BRUNO_TOKEN, which no process list shows)',
  },
  'time-out': { type: 'string', value: 'SECONDS', help: 'limit of one request (15)' },
  json: { type: 'boolean', help: 'print one JSON document' },
  help: { type: 'boolean', short: 'h', help: 'print this page' },
  week: {
    type: 'string',
    value: 'WEEK',
    help: 'the week to curate, such as 2026-w42 (the last full one)',
  },
  wait: { type: 'boolean', help: 'wait until the dataset is there, showing progress' },
  follow: { type: 'boolean', help: 'stay until the job ends, showing progress' },
  'wait-limit': { type: 'string', value: 'SECONDS', help: 'longest wait in all (86400)' },
  status: { type: 'string', value: 'STATUS', help: 'pending (default), accepted or rejected' },
  note: { type: 'string', value: 'TEXT', help: 'why, kept with the decision' },
  all: { type: 'boolean', help: 'everything that waits' },
  share: {
    type: 'string',
    value: 'SHARE',
    help: 'share of visitors, 0 to 1 (ab_testing.initial_traffic_split)',
  },
  slice: {
    type: 'string',
    value: 'SLICE',
    help: 'the part of all visitors it is tried on, 0 to 1 (everyone)',
  },
  experiment: {
    type: 'string',
    value: 'ID',
    help: 'which experiment or model, where several run',
  },
  reason: { type: 'string', value: 'TEXT', help: 'why, kept in the history' },
  'promote-on': {
    type: 'string',
    value: 'WHAT',
    help: 'improvement, non_inferior or no_evidence_of_harm (as learning.yaml says)',
  },
  settings: {
    type: 'string',
    value: 'ID',
    help: 'try these settings, on the model in production, instead of a model',
  },
  name: { type: 'string', value: 'NAME', help: 'what people call them (as FILE.yaml says)' },
  'prompt-file': {
    type: 'string',
    value: 'FILE.txt',
    help: 'the system prompt (instead of system_prompt in FILE.yaml)',
  },
  scope: {
    type: 'string',
    value: 'SCOPE',
    many: true,
    help: 'what the key may do: chat, models:version, identify; several times for several',
  },
  prefix: {
    type: 'string',
    value: 'PREFIX',
    help: "before its users' ids (made from NAME); the same as another key's shares its users",
  },
  expires: { type: 'string', value: 'WHEN', help: 'such as 90d or 2027-01-31 (never)' },
  arm: { type: 'string', value: 'ARM', help: 'control or treatment' },
  low: {
    type: 'boolean',
    help: 'only those rated below zero: a thumb down, one or two stars, a correction',
  },
  order: { type: 'string', value: 'ORDER', help: 'newest first (default) or worst first' },
  after: { type: 'string', value: 'PLACE', help: 'go on where the page before ended' },
  page: { type: 'string', value: 'FILE.html', help: 'draw the analysis into this file' },
  rules: {
    type: 'string',
    value: 'FILE.json',
    help: 'rules of metrics that the shipped policy does not know',
  },
  split: {
    type: 'string',
    value: 'STAGE=SHARE,…',
    help: "treatment's configured share by stage, to check the sample ratio",
  },
  limit: { type: 'string', value: 'N', help: 'how many at most, 1 to 200 (50)' },
  before: { type: 'string', value: 'ROW', help: 'only rows before this number' },
  kind: { type: 'string', value: 'KIND', help: 'only rows of this kind, such as route' },
  subject: {
    type: 'string',
    value: 'SUBJECT',
    help: 'only rows about this, such as an experiment',
  },
  state: { type: 'string', value: 'STATE', help: 'pending, sent or failed (all)' },
  'dry-run': { type: 'boolean', help: 'say what would go and take nothing' },
  deploy: {
    type: 'string',
    value: 'ENVIRONMENT',
    help: 'check what goes live, and the Worker at --url: staging or production',
  },
  offline: { type: 'boolean', help: 'do not ask Cloudflare through wrangler' },
  days: { type: 'string', value: 'DAYS', help: 'how far back to look, 1 to 365 (28)' },
  'request-id': { type: 'string', value: 'UUID', help: 'repeat an earlier change safely' },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof options;
export const OPTIONS: Readonly<Record<OptionName, OptionSpec>> = options;

export const COMMON_OPTIONS: readonly OptionName[] = ['url', 'token', 'time-out', 'json', 'help'];
