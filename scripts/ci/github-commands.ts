/** Lines that GitHub's runner takes for commands: annotations at a file, shown next to the changes of a pull request. */

export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
  /** From the repository's root. */
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

/** Nothing in a message can begin a command of its own. */
const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
