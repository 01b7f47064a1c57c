import { describe, expect, test } from 'vitest';
import { serve } from '../testing/http-server.ts';
import { bodyOf, markerOf, postComment } from './comment.ts';
import { annotationLine } from './github-commands.ts';
import { type Platform, platformOf } from './platform.ts';

const PLATFORM = platformOf({
  ...{
    GITHUB_API_URL: 'http://api',
    GITHUB_REPOSITORY: 'a/b',
    GITHUB_REF: 'refs/pull/3/merge',
    GITHUB_TOKEN: 't',
  },
}) as Platform;

describe('the text of a comment', () => {
  test('is cut at the end of a line, and open details elements are closed', () => {
    const rows = Array.from({ length: 900 }, (_, index) => `- check ${index} holds`).join('\n');
    const body = bodyOf(`## PASS\n<details>\n${rows}\n</details>`, 'CI/gate', {
      ...PLATFORM,
      maxLength: 500,
    });
    expect(body.length).toBeLessThan(700);
    expect(body).toMatch(/- check \d+ holds\n\n<\/details>\n\n…truncated: the full text is in summary\.md/);
  });

  test('starts with a marker line that a key cannot end early', () => {
    expect(markerOf('CI --> <b>/gate')).toBe('<!-- sla-harness: CI - -b-/gate -->');
    expect(markerOf('two\nlines')).not.toContain('\n');
  });
});

test('a redirect is not followed, so that the token is sent only to the platform', async () => {
  const seen: unknown[] = [];
  await using elsewhere = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('[]');
  });
  await using api = await serve((_request, response) => {
    response.writeHead(302, { location: elsewhere.url }).end();
  });
  const platform = { ...PLATFORM, comments: `${api.url}/comments` };
  const posted = postComment(platform, 'CI/gate', 'text', new AbortController().signal);
  await expect(posted).rejects.toMatchObject({
    code: 'comment',
    nextStep: expect.stringContaining('redirects'),
  });
  expect(seen).toEqual([]);
});

test('an API that cannot be reached is a failure of the environment', async () => {
  const platform = { ...PLATFORM, comments: 'http://127.0.0.1:1/comments' };
  const posted = postComment(platform, 'CI/gate', 'text', new AbortController().signal);
  await expect(posted).rejects.toMatchObject({
    code: 'comment',
    message: expect.stringContaining('cannot be reached'),
  });
});

test('an annotation is a single line, even if its values contain line breaks', () => {
  const line = annotationLine({
    ...{
      level: 'error',
      title: 'a,b:c',
      message: '100%\n::warning::no',
      file: 'x,y.yaml',
      line: 3,
      column: 7,
    },
  });
  expect(line).toBe('::error file=x%2Cy.yaml,line=3,col=7,title=a%2Cb%3Ac::100%25%0A::warning::no\n');
});

test.each([
  [{}, 'no-platform'],
  [
    { GITHUB_API_URL: 'http://api', GITHUB_REPOSITORY: 'a/b', GITHUB_REF: 'refs/heads/main' },
    'no-pull-request',
  ],
  [{ GITHUB_API_URL: 'http://api', GITHUB_REPOSITORY: 'a/b', GITHUB_REF: 'refs/pull/3/merge' }, 'no-token'],
  [{ CI_API_V4_URL: 'http://api', CI_PROJECT_ID: '1' }, 'no-pull-request'],
  [{ CI_API_V4_URL: 'http://api', CI_PROJECT_ID: '1', CI_MERGE_REQUEST_IID: '2' }, 'no-token'],
])('%j: %s', (env, why) => {
  expect(platformOf(env)).toMatchObject({ why });
});
