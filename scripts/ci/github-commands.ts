/** Lines that GitHub's runner executes as commands: annotations of a file, which a pull request shows next to its changes. */

export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
  /** The path relative to the repository's root. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export function annotationLine({ level, title, message, file, line, column }: Annotation): string {
  const properties = Object.entries({ file, line, col: column, title }).filter(
    ([, value]) => value !== undefined,
  );
  const listed = properties.map(([name, value]) => `${name}=${property(String(value))}`).join(',');
  return `::${level} ${listed}::${data(message)}\n`;
}

/** Escapes a text, so that a message cannot start another command. */
const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
