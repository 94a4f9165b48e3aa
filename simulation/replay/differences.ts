// Where a replayed rollout differs from the simulated one, in sentences; none where they are identical. Pure.

/** Compares two values of plain data; names each place where they differ. */
export function differences(where: string, simulated: unknown, recorded: unknown): string[] {
  if (Object.is(simulated, recorded)) return [];
  if (!isHolder(simulated) || !isHolder(recorded)) {
    return [`${where}: simulated ${said(simulated)}, recorded ${said(recorded)}`];
  }
  const keys = new Set([...Object.keys(simulated), ...Object.keys(recorded)]);
  return [...keys].flatMap((key) =>
    differences(`${where}, ${key}`, Reflect.get(simulated, key), Reflect.get(recorded, key)),
  );
}

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;
const said = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
