/** A few line icons, 16 × 16, in the color of the text around them. */

const PATHS = {
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.4 10.4 14 14",
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6.2a3.8 3.8 0 0 1 0 7.5H6.5",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H6.8a3.8 3.8 0 0 0 0 7.5h2.7",
  chevron: "M4 6.5 8 10.5 12 6.5",
  close: "M4 4l8 8M12 4l-8 8",
  filter: "M2.5 3.5h11L9.5 8.5v4l-3 1.5V8.5Z",
  gear: "M2.5 4.5h6M12 4.5h1.5M8.5 3v3M2.5 11.5h1M7 11.5h6.5M5 10v3",
  rerank: "M13 6A5.5 5.5 0 1 0 13.3 9.5M13.5 2.5V6H10",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  auto: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 2v12M8 4.5h3.8M8 7h5.4M8 9.5h5.2M8 12h3.6",
  check: "M3.5 8.5 6.5 11.5 12.5 4.5",
  chart: "M3 13.5V9M8 13.5v-11M13 13.5V6",
  download: "M8 2.5v7M5 6.8 8 9.8l3-3M3 13h10",
  info: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 7.2v3.6M8 5v.2",
  warning: "M8 2.3 14.3 13.3H1.7ZM8 6.5v3.2M8 11.4v.2",
  error: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 5v3.6M8 10.8v.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="ls-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
