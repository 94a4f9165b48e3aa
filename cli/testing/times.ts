/** When the tests' record was made. */
export const T0 = '2026-10-18T02:00:00.000Z';
