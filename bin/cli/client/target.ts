/** The target of a command: a local gateway, or a deployment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Folder where `labgate local` leaves its target. */
export const LOCAL_FOLDER = '.labgate';

/** A program that calls the API with its own credentials. */
const program = z.object({ name: z.string(), clientId: z.string(), clientSecret: z.string() });

const targetFile = z.object({
  api: z.url(),
  /** OpenID issuer: its endpoints are found by discovery. */
  issuer: z.url().optional(),
  /** Client of people, who sign in with a browser. */
  peopleClientId: z.string().optional(),
  /** Where people are kept: for the first administrator, who is made with AWS credentials. */
  userPoolId: z.string().optional(),
  /** Folder of the logs of functions, of a gateway on this computer. */
  logs: z.string().optional(),
  programs: z.array(program).default([]),
});

/** Where the API is, and how to get a token for it. */
export type Target = z.infer<typeof targetFile>;

/** Outputs of `cdk deploy --outputs-file`: one object for each stack. */
const stackOutputs = z.record(z.string(), z.record(z.string(), z.string())).transform((stacks, context) => {
  const outputs = Object.values(stacks).find((stack) => stack['ApiUrl'] !== undefined);
  if (outputs?.['ApiUrl'] === undefined) {
    context.addIssue({ code: 'custom', message: 'no stack has an output ApiUrl' });
    return z.NEVER;
  }
  return {
    api: outputs['ApiUrl'],
    issuer: outputs['Issuer'],
    peopleClientId: outputs['PeopleClientId'],
    userPoolId: outputs['UserPoolId'],
    programs: [],
  };
});

/** Wrong use; the message says what to do. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @returns `undefined` for what is no JSON */
const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * Finds the target: a URL, a file that `labgate local` or `cdk deploy --outputs-file` has written, or, when
 * nothing is named, the gateway that was started in this folder.
 * @throws {UsageError} when there is none, or the file cannot be used
 */
export const readTarget = (named: string | undefined): Target => {
  if (named !== undefined && /^https?:\/\//.test(named)) return { api: named, programs: [] };
  const path = named ?? join(LOCAL_FOLDER, 'target.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(
      named === undefined
        ? 'no local gateway runs in this folder: start one with `npm start`, or name a target with --target'
        : `target ${path} cannot be read`,
      { cause },
    );
  }
  const parsed = z.union([targetFile, stackOutputs]).safeParse(json(text));
  if (!parsed.success)
    throw new UsageError(`target ${path} is neither a target nor the outputs of a deployment`);
  return parsed.data as Target;
};
