/**
 * Functions of CloudFront, in a context of their own: no Node, no network, no code out of text.
 *
 * Source: "CloudFront Functions event structure" and "JavaScript runtime 2.0 features" of the developer guide.
 */
import { createContext, Script } from 'node:vm';
import * as z from 'zod';

/** Bytes of a function, at most. */
const CODE_LIMIT = 10 * 1024;
/** Milliseconds. CloudFront gives less than one, of a faster computer that does nothing else. */
const TIME_LIMIT = 500;

/** Header, cookie or query parameter. */
interface Value {
  readonly value: string;
  readonly multiValue?: readonly { readonly value: string }[];
}
type Values = Readonly<Record<string, Value>>;

export interface ViewerRequest {
  readonly method: string;
  readonly uri: string;
  readonly querystring: Values;
  readonly headers: Values;
  readonly cookies: Values;
}

export interface FunctionInput {
  readonly distributionId: string;
  readonly distributionDomainName: string;
  readonly requestId: string;
  /** Address of the browser. */
  readonly ip: string;
  readonly request: ViewerRequest;
}

const values = z.record(z.string(), z.object({ value: z.string() })).default({});

const returned = z.union([
  z.object({
    statusCode: z.int().min(200).max(599),
    statusDescription: z.string().optional(),
    headers: values,
    body: z
      .string()
      .or(z.object({ encoding: z.literal('text'), data: z.string() }))
      .optional(),
  }),
  z.object({ method: z.string(), uri: z.string().startsWith('/'), querystring: values.or(z.string()) }),
]);

/** What a function has made of a request: another one, or the answer. */
export type Returned = z.output<typeof returned>;

/** A function threw, took too long, or gave back what is neither a request nor a response. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed';
}

/** Values that occur several times are one entry whose last value counts. */
export const valuesOf = (pairs: Iterable<readonly [string, string]>): Values => {
  const all = new Map<string, string[]>();
  for (const [name, value] of pairs) all.set(name, [...(all.get(name) ?? []), value]);
  return Object.fromEntries(
    [...all].map(([name, given]) => [
      name,
      {
        value: given.at(-1) ?? '',
        ...(given.length > 1 ? { multiValue: given.map((value) => ({ value })) } : {}),
      },
    ]),
  );
};

/**
 * Compiles a function.
 * @throws {Error} for code that is too long, or does not run as it stands
 */
export const compile = (source: string): ((input: FunctionInput) => Returned) => {
  if (Buffer.byteLength(source) > CODE_LIMIT)
    throw new Error(`a function of CloudFront has ${CODE_LIMIT} bytes at most`);
  if (/^\s*import\s/m.test(source))
    throw new Error('modules of CloudFront Functions are not supported locally');
  const context = createContext(
    { input: '', output: '', error: '' },
    { codeGeneration: { strings: false, wasm: false }, microtaskMode: 'afterEvaluate' },
  );
  new Script(source, { filename: 'cloudfront-function.js' }).runInContext(context, { timeout: TIME_LIMIT });
  // Text goes in and out, so that the function holds nothing of this side. It may be asynchronous.
  const call = new Script(
    `output = error = '';
     (async () => { output = JSON.stringify(await handler(JSON.parse(input))) ?? ''; })()
       .catch((thrown) => { error = String(thrown); });`,
  );
  return ({ request, ip, ...about }) => {
    context['input'] = JSON.stringify({
      version: '1.0',
      context: { ...about, eventType: 'viewer-request' },
      viewer: { ip },
      request,
    });
    try {
      call.runInContext(context, { timeout: TIME_LIMIT });
    } catch (cause) {
      throw new FunctionFailed('a function of CloudFront took too long', { cause });
    }
    const { output, error } = context as { readonly output: string; readonly error: string };
    if (output === '') throw new FunctionFailed(`a function of CloudFront failed: ${error}`);
    const parsed = returned.safeParse(JSON.parse(output));
    if (!parsed.success)
      throw new FunctionFailed(`a function of CloudFront gave back ${output}`, { cause: parsed.error });
    if ('method' in parsed.data && parsed.data.method !== request.method)
      throw new FunctionFailed('a function of CloudFront may not change the method');
    return parsed.data;
  };
};
