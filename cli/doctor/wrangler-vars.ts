/**
 * Finds variables in wrangler.toml, section by section, to spot a token where none may be.
 * Called by the doctor. It reads the few TOML forms in which variables are written, not all of
 * TOML: `[vars]` and `[env.x.vars]` tables, `vars.KEY = …` and inline `vars = { … }`.
 */

/** Sections whose variables hold an ADMIN_TOKEN while ENVIRONMENT is not "local". */
export function refusedSections(toml: string): string[] {
  const refused: string[] = [];
  for (const [section, vars] of varsBySection(toml)) {
    if (vars.has('ADMIN_TOKEN') && vars.get('ENVIRONMENT') !== 'local') refused.push(section);
  }
  return refused;
}

export function varsBySection(toml: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  const put = (section: string, key: string, value: string): void => {
    const vars = found.get(section) ?? new Map<string, string>();
    vars.set(key, value);
    found.set(section, vars);
  };
  let section = '';
  for (const line of toml.split(/\r?\n/)) {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line)?.[1];
    if (header !== undefined) {
      section = header.replaceAll(/["'\s]/g, '');
      continue;
    }
    const assignment = /^\s*([\w."'-]+)\s*=\s*(.+)$/.exec(line);
    if (assignment === null) continue;
    const [, rawKey = '', value = ''] = assignment;
    const path = [section, rawKey.replaceAll(/["']/g, '')].filter((part) => part !== '').join('.');
    if (/(^|\.)vars$/.test(path)) {
      for (const [, key = '', text = ''] of value.matchAll(
        /([\w-]+)["']?\s*=\s*("[^"]*"|'[^']*'|[^,}]+)/g,
      )) {
        put(path, key, unquote(text));
      }
      continue;
    }
    const variable = /^((?:.+\.)?vars)\.([\w-]+)$/.exec(path);
    if (variable !== null) put(variable[1] ?? '', variable[2] ?? '', unquote(value));
  }
  return found;
}

function unquote(value: string): string {
  const quoted = /^\s*("([^"]*)"|'([^']*)')/.exec(value);
  return quoted === null ? value.replace(/#.*$/, '').trim() : (quoted[2] ?? quoted[3] ?? '');
}
