// What the components import from 'react', from Preact: a tenth of the size, which a script tag on
// somebody else's page must stay within. The bundle puts this file in React's place, see bundles.ts.
export { Fragment } from 'preact';
export { useCallback, useEffect, useId, useMemo, useReducer, useRef, useState } from 'preact/hooks';
