/** Standard error as people see it: lines that pass by, and below them a few that stay and change. */
export interface Terminal {
  readonly progress: (line: string) => void;
  /** Shows these lines in place of those before; none: they go. */
  readonly live: (lines: readonly string[]) => void;
}

interface Screen {
  readonly columns?: number;
  write(text: string): unknown;
}

/** For a terminal: elsewhere nothing can stay in place. */
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
