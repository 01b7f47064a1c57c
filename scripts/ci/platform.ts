import { readFileSync } from 'node:fs';
import type { Io } from '../cli/io.ts';

/** The API address of the pull request's comments, on the platform that runs this job. */

export interface Platform {
  readonly name: 'github' | 'gitlab';
  /** The URL of the comments of the pull request or merge request, without a trailing slash. */
  readonly comments: string;
  readonly update: (id: number) => { readonly method: 'PATCH' | 'PUT'; readonly url: string };
  /** The URL that returns the owner of the token. */
  readonly user: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The maximum length of a comment on the platform, minus the space for our own lines. */
  readonly maxLength: number;
  /** The permission that the token lacks if the API refuses it. */
  readonly permission: string;
  /** The URL of the job's page. */
  readonly jobUrl: string | null;
  readonly commit: string | null;
}

/** Why no comment can be written: the job does not belong to a pull request, or it has no token. */
export type NoPlatform = {
  readonly why: 'no-pull-request' | 'no-token' | 'no-platform';
  readonly message: string;
};

export function platformOf(env: Io['env']): Platform | NoPlatform {
  if (env.GITHUB_API_URL && env.GITHUB_REPOSITORY)
    return github(env, env.GITHUB_API_URL, env.GITHUB_REPOSITORY);
  if (env.CI_API_V4_URL && env.CI_PROJECT_ID) return gitlab(env, env.CI_API_V4_URL, env.CI_PROJECT_ID);
  return {
    why: 'no-platform',
    message:
      'this is not a job of GitHub Actions or GitLab CI (GITHUB_API_URL, CI_API_V4_URL): the text is in summary.md of the run',
  };
}

const noPullRequest = (what: string): NoPlatform => ({
  why: 'no-pull-request',
  message: `this job does not belong to a ${what}: there is nothing to comment on`,
});

function github(env: Io['env'], api: string, repository: string): Platform | NoPlatform {
  const number = pullRequestOf(env);
  if (number === null) return noPullRequest('pull request');
  const token = env.GITHUB_TOKEN || env.GH_TOKEN;
  if (!token)
    return {
      why: 'no-token',
      message: "set GITHUB_TOKEN to the job's token (github.token)",
    };
  const repo = `${api}/repos/${repository}`;
  return {
    name: 'github',
    comments: `${repo}/issues/${number}/comments`,
    update: (id) => ({ method: 'PATCH', url: `${repo}/issues/comments/${id}` }),
    user: `${api}/user`,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'sla-harness',
    },
    maxLength: 60_000,
    permission:
      'give the job "permissions: { contents: read, pull-requests: write }"; a pull request from a fork has a token that may only read',
    jobUrl: env.GITHUB_RUN_ID
      ? `${env.GITHUB_SERVER_URL}/${repository}/actions/runs/${env.GITHUB_RUN_ID}`
      : null,
    commit: headOf(env) ?? env.GITHUB_SHA ?? null,
  };
}

interface GithubEvent {
  readonly pull_request?: { readonly number?: number; readonly head?: { readonly sha?: string } };
}

function eventOf({ GITHUB_EVENT_PATH: path }: Io['env']): GithubEvent {
  try {
    return path ? (JSON.parse(readFileSync(path, 'utf8')) as GithubEvent) : {};
  } catch {
    return {};
  }
}

/** In a pull request, GITHUB_SHA is a temporary merge commit. */
const headOf = (env: Io['env']) => eventOf(env).pull_request?.head?.sha ?? null;

function pullRequestOf(env: Io['env']): number | null {
  const ofRef = /^refs\/pull\/(\d+)\//.exec(env.GITHUB_REF ?? '')?.[1];
  return eventOf(env).pull_request?.number ?? (ofRef === undefined ? null : Number(ofRef));
}

function gitlab(env: Io['env'], api: string, project: string): Platform | NoPlatform {
  const number = env.CI_MERGE_REQUEST_IID;
  if (!number) return noPullRequest('merge request (CI_MERGE_REQUEST_IID)');
  const token = env.GITLAB_TOKEN;
  const permission =
    'GITLAB_TOKEN needs a project access token with the scope "api" and the role Reporter; the job\'s own CI_JOB_TOKEN cannot write comments';
  if (!token) return { why: 'no-token', message: `set GITLAB_TOKEN: ${permission}` };
  const notes = `${api}/projects/${encodeURIComponent(project)}/merge_requests/${number}/notes`;
  return {
    name: 'gitlab',
    comments: notes,
    update: (id) => ({ method: 'PUT', url: `${notes}/${id}` }),
    user: `${api}/user`,
    headers: { 'private-token': token, 'user-agent': 'sla-harness' },
    maxLength: 900_000,
    permission,
    jobUrl: env.CI_JOB_URL ?? null,
    commit: env.CI_COMMIT_SHA ?? null,
  };
}
