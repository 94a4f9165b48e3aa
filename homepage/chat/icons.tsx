// The page's few pictures, drawn in the current text colour. Always beside words or a label.
const paths = {
  up: 'M7 10v11H3V10zm0 0 5-8c1.7 0 2.6 1.1 2.3 2.6L13.5 9H20a2 2 0 0 1 2 2.4l-1.6 8A2 2 0 0 1 18.500 21H7',
  down: 'M17 14V3h4v11zm0 0-5 8c-1.700 0-2.600-1.100-2.300-2.600L10.500 15H4a2 2 0 0 1-2-2.400l1.600-8A2 2 0 0 1 5.500 3H17',
  star: 'm12 3 2.800 5.800 6.200.9-4.500 4.400 1.100 6.300L12 17.400l-5.600 3 1.100-6.300L3 9.700l6.200-.9z',
  copy: 'M9 9h11v12H9zM5 15H4V3h11v2',
  check: 'm4 12.500 5.500 5.500L20 6.500',
  pencil: 'm4 20 1-4.500L16.500 4 20 7.500 8.500 19zM14 6.500 17.500 10',
  send: 'M12 20V5m-6 6 6-6 6 6',
  stop: 'M7 7h10v10H7z',
  chat: 'M4 4h16v12H10l-4 4v-4H4z',
  close: 'M6 6l12 12M18 6 6 18',
  retry: 'M20 11a8 8 0 1 0-2.300 6.600M20 4v7h-7',
} as const;

export function Icon({ name, filled = false }: { name: keyof typeof paths; filled?: boolean }) {
  return (
    <svg
      className={filled ? 'icon filled' : 'icon'}
      viewBox="0 0 24 24"
      width="18"
      height="18"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
