/** Errors in words. */
import { PROBLEMS } from '../../../contracts/problems.ts';
import { Refused } from '../api/client.ts';
import { SignedOut } from '../api/session.ts';
import { texts } from '../texts.ts';

export interface ProblemWords {
  readonly title: string;
  readonly detail: string | undefined;
  /** What to do about it. */
  readonly remedy: string | undefined;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  /** To quote when asking for help. */
  readonly requestId: string | undefined;
}

const plain = (title: string, detail?: string): ProblemWords => ({
  title,
  detail,
  remedy: undefined,
  errors: [],
  requestId: undefined,
});

/** What to tell a person of an error. */
export const problemWords = (error: unknown): ProblemWords => {
  if (error instanceof SignedOut) return plain(texts.problem.signedOut);
  if (!(error instanceof Refused))
    return plain(texts.problem.unexpected, error instanceof Error ? error.message : String(error));
  const { problem, status } = error;
  if (problem === undefined)
    return status === 0 ? plain(texts.problem.unreachable) : plain(texts.problem.status(status));
  const [, title, remedy] = PROBLEMS[problem.code] ?? [0, problem.title, undefined];
  return {
    title,
    detail: problem.detail,
    remedy,
    errors: problem.errors ?? [],
    requestId: problem.requestId,
  };
};

/** What is wrong with a field of a form. @param pointer JSON Pointer into the body */
export const errorAt = (error: unknown, pointer: string): string | undefined =>
  error instanceof Refused
    ? error.problem?.errors?.find((each) => each.pointer === pointer)?.detail
    : undefined;
