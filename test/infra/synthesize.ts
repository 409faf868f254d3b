/** The templates of a stage, synthesized in this process without bundling the functions. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { addApplication } from '../../lib/application.ts';
import { readSettings, type Settings } from '../../lib/settings.ts';
import { PAGE_FOLDER } from '../support/page-folder.ts';
import { SETTINGS_FOLDER } from './settings-folder.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly [attribute: string]: unknown;
}

/**
 * Templates by the short name of their stack.
 * @param more settings in place of those of the stage
 */
export const synthesize = (stage: string, more: Partial<Settings> = {}) => {
  const app = new App({
    analyticsReporting: false,
    context: {
      'aws:cdk:bundling-stacks': [],
      // Assets stay where they are: that of CDK's own function has 22 MB.
      'aws:cdk:disable-asset-staging': true,
      '@aws-cdk/core:defaultCrossStackReferences': 'strong',
    },
  });
  const settings = { ...readSettings(stage, SETTINGS_FOLDER), ...more };
  const { storage, devices, processing, api, web, operations } = addApplication(app, settings, PAGE_FOLDER);
  return {
    storage: Template.fromStack(storage),
    devices: Template.fromStack(devices),
    processing: Template.fromStack(processing),
    api: Template.fromStack(api),
    web: Template.fromStack(web),
    operations: Template.fromStack(operations),
  };
};

/** Resources of a type, by logical id. */
export const ofType = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.findResources(type)) as [string, Resource][];

/** Of CDK itself: it runs while deploying alone. */
const OF_CDK = /^(?:AWS679f53fac002430cb0da5b7982bd2287|CustomCDK)/;

/** Functions of a template that are ours, by logical id. */
export const ownFunctions = (template: Template): [string, Resource][] =>
  ofType(template, 'AWS::Lambda::Function').filter(([id]) => !OF_CDK.test(id));

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The service that the use of a key is bound to, in short. */
const via = ({ Condition }: Statement): string => {
  const service = Condition?.['StringEquals']?.['kms:ViaService'];
  return service === undefined ? '' : ` via ${named(service).split('.')[0]}`;
};

/** The partition keys that a statement is bound to, in short. */
const of = ({ Condition = {} }: Statement): string => {
  const keys = Object.values(Condition).flatMap((block) => block['dynamodb:LeadingKeys'] ?? []);
  return keys.length === 0 ? '' : ` of ${keys.join()}`;
};

/** What the policies of the role with this logical id prefix allow: `action on resource`, sorted. */
export const grantsOf = (template: Template, rolePrefix: string): string[] => {
  const [role] = ofType(template, 'AWS::IAM::Role').find(([id]) => id.startsWith(rolePrefix)) ?? [];
  if (role === undefined) throw new Error(`no role ${rolePrefix}`);
  return ofType(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) => JSON.stringify(Properties['Roles']).includes(`"${role}"`))
    .flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement)
    .flatMap((statement) =>
      [statement.Action]
        .flat()
        .flatMap((action) =>
          [statement.Resource]
            .flat()
            .map(
              (resource) =>
                `${statement.Effect === 'Deny' ? 'never ' : ''}${action} on ${named(resource)}${via(statement)}${of(statement)}`,
            ),
        ),
    )
    .sort();
};

/** Writes an ARN of a template so that a person recognizes it. */
export const named = (resource: unknown): string => {
  if (typeof resource === 'string') return resource;
  const [[key, value] = ['', '']] = Object.entries(resource as object) as [string, unknown][];
  if (key === 'Fn::Join') return (value as [string, unknown[]])[1].map(named).join('');
  if (key === 'Ref') return `{${String(value).replace(/[0-9A-F]{8}$/, '')}}`;
  if (key === 'Fn::GetAtt') return `{${String((value as string[])[0]).replace(/[0-9A-F]{8}$/, '')}}`;
  const output = /ExportsOutput(?:FnGetAtt|Ref)(\w+?)[0-9A-F]{8}/.exec(String(value))?.[1];
  return `{${output ?? String(value)}}`;
};
