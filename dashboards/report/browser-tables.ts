/// <reference lib="dom" />
import type { Page } from './browser-page.ts';
import type { Plot } from './plot.ts';

/** The numbers of each plot as a table. A table is built only when the reader opens it: all tables together would be most of the page. */
export function pageTables({ data, times, numbers }: Page): void {
  const { format, clock, columns } = numbers;
  const MAX_ROWS = 40;

  const table = (plot: Plot) => {
    const lines = columns(plot);
    const every = Math.max(1, Math.ceil(data.steps / MAX_ROWS));
    const made = document.createElement('table');
    made.className = 'grid';
    const row = (kind: 'th' | 'td', texts: readonly string[]) => {
      const tr = made.insertRow();
      texts.forEach((text, index) => {
        const cell = tr.appendChild(document.createElement(index === 0 ? 'th' : kind));
        cell.scope = index === 0 && kind === 'td' ? 'row' : 'col';
        cell.textContent = text;
      });
    };
    row('th', ['UTC', ...plot.labels]);
    for (let step = 0; step < data.steps; step += every)
      row('td', [
        clock(times[step]!),
        ...lines.map((line) => {
          const value = line[step];
          return value == null ? '–' : format(value, plot.unit);
        }),
      ]);
    return made;
  };

  for (const place of document.querySelectorAll<HTMLElement>('.numbers')) {
    place.closest('details')!.addEventListener(
      'toggle',
      () => {
        const plot = data.plots.find(({ id }) => id === place.dataset.for);
        if (plot !== undefined && place.childElementCount === 0) place.append(table(plot));
      },
      { once: true },
    );
  }
}
