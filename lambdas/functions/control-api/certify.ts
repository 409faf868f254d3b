/** Certificates out of requests, with what is wrong of a request as a problem. */
import { ProblemError } from '../../runtime/http/problem.ts';
import { type Certificate, createCertificate, InvalidCsr } from '../../runtime/iot.ts';
import type { Context } from './context.ts';
import { UnusableCsr, usableCsr } from './csr.ts';

/** @throws {ProblemError} `invalid-csr`, with what is wrong */
export const csrOf = (text: string): string => {
  try {
    return usableCsr(text);
  } catch (cause) {
    if (!(cause instanceof UnusableCsr)) throw cause;
    throw new ProblemError('invalid-csr', { errors: [{ pointer: '/csr', detail: cause.message }], cause });
  }
};

/** Has a certificate made, which does not count yet. @throws {ProblemError} `invalid-csr` */
export const certify = async ({ iot }: Pick<Context, 'iot'>, csr: string): Promise<Certificate> => {
  try {
    return await createCertificate(iot, csr);
  } catch (cause) {
    throw cause instanceof InvalidCsr ? new ProblemError('invalid-csr', { cause }) : cause;
  }
};
