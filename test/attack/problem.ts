/** What every refusal must be, whoever is refused and by whatever. */
import { expect } from 'vitest';
import { type Problem, problem } from '../../contracts/problems.ts';

/** Words that only the inside of the system uses. */
const INTERNAL =
  /arn:aws|dynamodb|kinesis|lambda|labgate-dev|000000000000|node_modules|\.m?[jt]s\b|\bat \S+ \(|AccessDenied|Exception/i;

/**
 * Reads a refusal: a problem with a code and the identifier of the request, that gives away nothing of the inside.
 * @param status expected
 */
export const refusal = async (response: Response, status: number): Promise<Problem> => {
  const text = await response.text();
  expect(`${response.status} ${text}`).toMatch(new RegExp(`^${status} `));
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = problem.parse(JSON.parse(text));
  expect(body.status).toBe(status);
  expect(body.requestId).toMatch(/^[0-9a-f-]{36}$/);
  // The path is the caller's own.
  expect(JSON.stringify({ ...body, instance: undefined })).not.toMatch(INTERNAL);
  // `x-amz...` is what API Gateway itself adds to every answer.
  const own = [...response.headers].filter(([name]) => !name.startsWith('x-amz'));
  expect(own.join('\n')).not.toMatch(INTERNAL);
  return body;
};
