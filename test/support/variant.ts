/** Copies of an assembly in which something of the templates is different. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAssembly } from '../../local/assembly/index.ts';
import type { Grant } from '../../local/iam/index.ts';
import type { Resource } from '../../local/types.ts';

type Properties = Record<string, unknown>;

/** The part of a CloudFormation template that tests change. */
export interface Template {
  readonly Resources: Record<string, { readonly Type: string; Properties: Properties }>;
}

/** A folder that is removed with `using`. */
export interface Variant extends Disposable {
  readonly folder: string;
}

const SUFFIX = '.template.json';

/**
 * Copies an assembly, its assets linked, and lets `edit` change its templates.
 * @param stacks whose templates are changed; all of them when absent
 */
export const variantOf = (
  assembly: string,
  edit: (template: Template, stack: string) => void,
  stacks?: ReadonlySet<string>,
): Variant => {
  const folder = mkdtempSync(join(tmpdir(), 'labgate-variant-'));
  for (const name of readdirSync(assembly)) {
    const source = join(assembly, name);
    const stack = name.slice(0, -SUFFIX.length);
    if (!name.endsWith(SUFFIX) || stacks?.has(stack) === false) {
      symlinkSync(source, join(folder, name));
      continue;
    }
    const template = JSON.parse(readFileSync(source, 'utf8')) as Template;
    edit(template, stack);
    writeFileSync(join(folder, name), JSON.stringify(template));
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
};

/**
 * Lets what the function of a queue could not do come again after seconds, not minutes.
 * @param seconds that the function has, too: no queue may show a message again while it can still be at work on it
 */
export const comeAgainAfter =
  (seconds: number) =>
  (template: Template): void => {
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Type === 'AWS::SQS::Queue' && Properties['VisibilityTimeout'] !== undefined) {
        Properties['VisibilityTimeout'] = seconds;
      }
      if (
        Type === 'AWS::Lambda::Function' &&
        /^(Presence|ExportsWorker|Deliveries|CommandsFunction|AlertsFunction)/.test(logicalId)
      )
        Properties['Timeout'] = seconds;
    }
  };

/** Lets a failed event come again, and a small batch be taken, sooner than it does for a laboratory. */
export const hurry = (template: Template): void => {
  comeAgainAfter(5)(template);
  for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
    if (Type === 'AWS::Lambda::EventSourceMapping') {
      Properties['MaximumBatchingWindowInSeconds'] = 0;
      // More than ten messages of a queue need a window.
      if (logicalId.startsWith('Presence')) Properties['BatchSize'] = 10;
    }
    // Lambda waits for minutes before it tries again.
    if (Type === 'AWS::Lambda::EventInvokeConfig') Properties['MaximumRetryAttempts'] = 0;
  }
};

interface Statement {
  Action: string | string[];
  Resource?: unknown;
}

const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** The statements that are left of one when an action on one of its resources is taken out. */
const strip = (statement: Statement, action: string, place: number): Statement[] => {
  const actions = listOf(statement.Action);
  const resources = listOf(statement.Resource);
  return [
    { ...statement, Action: actions.filter((each) => each !== action) },
    { ...statement, Action: [action], Resource: resources.filter((_, index) => index !== place) },
  ].filter(({ Action, Resource }) => Action.length > 0 && listOf(Resource).length > 0);
};

const read = new Map<string, readonly Resource[]>();
/** The policies of an assembly, resolved; nobody changes them. */
const policiesOf = (assembly: string): readonly Resource[] => {
  const known = read.get(assembly) ?? loadAssembly(assembly).byType('AWS::IAM::Policy');
  read.set(assembly, known);
  return known;
};

/** Copies an assembly and takes one grant out of the policy that gives it. */
export const withoutGrant = (assembly: string, grant: Grant): Variant => {
  const holder = grant.roleArn.split('/').at(-1) ?? '';
  const held = policiesOf(assembly).filter(({ properties }) => listOf(properties['Roles']).includes(holder));
  let removed = 0;
  const edit = (template: Template, name: string): void => {
    for (const { stack, logicalId, properties } of held) {
      if (stack !== name) continue;
      // What a statement is about can be told only when its intrinsic functions are resolved.
      const resolved = properties as unknown as { PolicyDocument: { Statement: Statement[] } };
      const document = template.Resources[logicalId]?.Properties['PolicyDocument'] as {
        Statement: Statement[];
      };
      document.Statement = document.Statement.flatMap((statement, index) => {
        const resources = listOf(resolved.PolicyDocument.Statement[index]?.Resource);
        const place = resources.indexOf(grant.resource);
        if (place < 0 || !listOf(statement.Action).includes(grant.action)) return [statement];
        removed++;
        return strip(statement, grant.action, place);
      });
    }
  };
  const variant = variantOf(assembly, edit, new Set(held.map(({ stack }) => stack)));
  if (removed === 0) throw new Error(`no statement gives ${grant.action} on ${grant.resource}`);
  return variant;
};
