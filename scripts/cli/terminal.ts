/** Standard error on a terminal: lines that scroll and, below them, a few lines that are updated in place. */
export interface Terminal {
  readonly progress: (line: string) => void;
  /** Replaces the lines at the fixed position. An empty list removes them. */
  readonly live: (lines: readonly string[]) => void;
}

interface Screen {
  readonly columns?: number;
  write(text: string): unknown;
}

/** Only for terminals, because lines cannot be updated in place elsewhere. */
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
