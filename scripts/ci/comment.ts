import { HarnessError } from '../cli/errors.ts';
import type { Platform } from './platform.ts';

/**
 * Maintains a single comment on a pull request, which is created once and then replaced. It is found by its first line and
 * its author.
 */

export const markerOf = (key: string) =>
  `<!-- sla-harness: ${key.replace(/[^\w ./-]/g, '-').replace(/--+/g, '-')} -->`;

/** Puts our marker lines around the text. If the text is too long for the platform, it is cut at the end of a line. */
export function bodyOf(markdown: string, key: string, { maxLength, jobUrl, commit }: Platform): string {
  const origin = [
    ...(commit === null ? [] : [`commit ${commit.slice(0, 12)}`]),
    ...(jobUrl === null ? [] : [`[job](${jobUrl})`]),
  ].join(' · ');
  return [markerOf(key), cut(markdown.trim(), maxLength), ...(origin === '' ? [] : ['', origin]), ''].join(
    '\n',
  );
}

function cut(markdown: string, maxLength: number): string {
  if (markdown.length <= maxLength) return markdown;
  const kept = markdown.slice(0, markdown.lastIndexOf('\n', maxLength));
  const isOpen = kept.split('<details>').length > kept.split('</details>').length;
  return `${kept}\n${isOpen ? '\n</details>\n' : ''}\n…truncated: the full text is in summary.md in the run folder`;
}

interface Comment {
  readonly id: number;
  readonly body: string | null;
  /** GitHub calls the author `user`; GitLab calls it `author`. */
  readonly user?: Author | null;
  readonly author?: Author | null;
}

interface Author {
  readonly id?: number;
  readonly type?: string;
}

const PAGE = 100;
/** More pages than any pull request has in practice. */
const MAX_PAGES = 100;

/** Creates the comment or replaces its text. Resolves to which of the two happened. Throws HarnessError `comment`. */
export async function postComment(
  platform: Platform,
  key: string,
  body: string,
  signal: AbortSignal,
): Promise<'created' | 'updated'> {
  const known = await findComment(platform, markerOf(key), signal);
  if (known === null) {
    await ask(platform, 'POST', platform.comments, signal, { body });
    return 'created';
  }
  const { method, url } = platform.update(known.id);
  await ask(platform, method, url, signal, { body });
  return 'updated';
}

/**
 * A comment by another author is ignored even if it starts with our first line, because its author could change the verdict
 * in it.
 */
async function findComment(platform: Platform, marker: string, signal: AbortSignal): Promise<Comment | null> {
  let isOurs: ((comment: Comment) => boolean) | null = null;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const url = `${platform.comments}?per_page=${PAGE}&page=${page}`;
    const comments = (await ask(platform, 'GET', url, signal)) as readonly Comment[];
    const marked = comments.filter(({ body }) => body?.startsWith(marker));
    if (marked.length > 0) isOurs ??= await ownComments(platform, signal);
    const own = marked.find((comment) => isOurs!(comment));
    if (own !== undefined) return own;
    if (comments.length < PAGE) return null;
  }
  return null;
}

/**
 * In GitHub jobs, the token belongs to an app that cannot look up its own identity. Comments by the app have a bot as their
 * author.
 */
async function ownComments(platform: Platform, signal: AbortSignal): Promise<(comment: Comment) => boolean> {
  const response = await send(platform, 'GET', platform.user, signal);
  const me = response.ok ? ((await response.json()) as Author) : null;
  await response.body?.cancel().catch(() => {});
  return ({ user, author }) => {
    const by = user ?? author;
    return me?.id === undefined ? by?.type === 'Bot' : by?.id === me.id;
  };
}

async function ask(
  platform: Platform,
  method: string,
  url: string,
  signal: AbortSignal,
  content?: object,
): Promise<unknown> {
  const response = await send(platform, method, url, signal, content);
  if (response.ok) return await response.json();
  const said = ((await response.json().catch(() => null)) as { message?: unknown } | null)?.message;
  const reason = `${response.status}${typeof said === 'string' ? ` ${said}` : ''}`;
  throw new HarnessError('comment', `the comment was not written: ${method} ${url} failed with ${reason}`, {
    nextStep: nextStepFor(response.status, platform),
  });
}

function nextStepFor(status: number, { permission, name }: Platform): string {
  if (status === 401) return `the token is not valid: ${permission}`;
  // If the token has no access to a repository, GitHub responds as if the repository did not exist (404).
  if (status === 403 || status === 404) return permission;
  if (status >= 300 && status < 400)
    return 'the address of the API redirects, and a token is not sent elsewhere: correct it';
  return `try again later: the API of ${name} refused the request`;
}

const LIMIT_MS = 30_000;

async function send(
  { headers }: Platform,
  method: string,
  url: string,
  signal: AbortSignal,
  content?: object,
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { ...headers, ...(content === undefined ? {} : { 'content-type': 'application/json' }) },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    });
  } catch (cause) {
    signal.throwIfAborted();
    const { message, cause: inner } = cause as Error;
    const why = inner instanceof Error ? inner.message : message;
    throw new HarnessError('comment', `the comment was not written: ${url} cannot be reached: ${why}`, {
      nextStep: 'check that the runner can reach the API of the platform',
      cause,
    });
  }
}
