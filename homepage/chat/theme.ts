// How a component says which colours it wants: the system's, unless the page has its own switch.
export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export function themeAttribute(theme: Theme | undefined): { 'data-theme'?: Theme } {
  return theme === undefined || theme === 'auto' ? {} : { 'data-theme': theme };
}
