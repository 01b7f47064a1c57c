/// <reference lib="dom" />

export type PageColours = ReturnType<typeof pageColours>;

/** Colours and fonts for a canvas, which does not follow the page's style sheet by itself. */
export function pageColours() {
  const { fontFamily } = getComputedStyle(document.documentElement);
  const swatch = document.body.appendChild(document.createElement('i'));
  swatch.hidden = true;
  const known = new Map<string, string>();

  /** The colour that a CSS variable has in the current colour scheme. */
  const colour = (name: string, alpha = 1): string => {
    if (!known.has(name)) {
      swatch.style.color = `var(--${name})`;
      const found = getComputedStyle(swatch).color;
      known.set(name, (found.match(/[\d.]+/g) ?? ['0', '0', '0']).slice(0, 3).join(', '));
    }
    return `rgba(${known.get(name)}, ${alpha})`;
  };
  const seriesColour = (index: number, alpha = 1) => colour(`c${(index % 6) + 1}`, alpha);
  const font = (sizePixels: number) => `${sizePixels}px ${fontFamily}`;

  /** Call this when the colour scheme has changed. */
  const forgetColours = () => known.clear();

  return { colour, seriesColour, font, forgetColours };
}
