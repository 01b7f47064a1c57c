/** Standard error on a terminal: scrolling lines, and below them a few lines that are updated in place. */
export interface Terminal {
  readonly progress: (line: string) => void;
  /** Replaces the lines shown before; an empty list removes them. */
  readonly live: (lines: readonly string[]) => void;
}

interface Screen {
  readonly columns?: number;
  write(text: string): unknown;
}

/** For terminals only: elsewhere lines cannot be updated in place. */
export function createTerminal(screen: Screen): Terminal {
  let shown: readonly string[] = [];
  const clear = () => (shown.length === 0 ? '' : `\u001b[${shown.length}A\u001b[0J`);
  const fitted = (lines: readonly string[]) =>
    lines.map((line) => [...line].slice(0, (screen.columns || 80) - 1).join(''));
  const written = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
  return {
    progress: (line) => void screen.write(`${clear()}${line}\n${written(shown)}`),
    live: (lines) => {
      const next = fitted(lines);
      screen.write(clear() + written(next));
      shown = next;
    },
  };
}
