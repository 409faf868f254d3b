/** A CloudFormation template as it stands in `<stack>.template.json`, read but not resolved. */

import { readFileSync } from 'node:fs';
import { isObject } from '../../contracts/json.ts';
import type { Json, JsonObject } from '../types.ts';
import { AssemblyError } from './errors.ts';

export interface TemplateResource {
  readonly type: string;
  readonly condition: string | undefined;
  readonly properties: JsonObject;
}

export interface Template {
  readonly stack: string;
  readonly region: string;
  readonly account: string;
  readonly parameters: JsonObject;
  readonly conditions: JsonObject;
  readonly mappings: JsonObject;
  readonly outputs: JsonObject;
  readonly resources: ReadonlyMap<string, TemplateResource>;
}

/** Reads JSON; a file that is missing or broken is an error that names it. */
export function readJson(path: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AssemblyError(`cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  if (!isObject(value)) {
    throw new AssemblyError(`${path} does not hold a JSON object`);
  }
  return value;
}

function section(body: JsonObject, name: string, stack: string): JsonObject {
  const value = body[name] ?? {};
  if (!isObject(value)) {
    throw new AssemblyError(`${name} of stack ${stack} is not an object`);
  }
  return value;
}

function resource(stack: string, logicalId: string, body: Json): TemplateResource {
  const type = isObject(body) ? body['Type'] : undefined;
  if (!isObject(body) || typeof type !== 'string') {
    throw new AssemblyError(`resource ${logicalId} of stack ${stack} has no type`);
  }
  const condition = body['Condition'];
  return {
    type,
    condition: typeof condition === 'string' ? condition : undefined,
    properties: section(body, 'Properties', stack),
  };
}

/** Splits a template into its sections; macros (`Transform`) are refused, for they run only in AWS. */
export function readTemplate(path: string, place: Pick<Template, 'stack' | 'account' | 'region'>): Template {
  const body = readJson(path);
  if (body['Transform'] !== undefined) {
    throw new AssemblyError(`stack ${place.stack} uses Transform ${JSON.stringify(body['Transform'])}`);
  }
  const resources = new Map<string, TemplateResource>();
  for (const [logicalId, entry] of Object.entries(section(body, 'Resources', place.stack))) {
    resources.set(logicalId, resource(place.stack, logicalId, entry));
  }
  return {
    ...place,
    parameters: section(body, 'Parameters', place.stack),
    conditions: section(body, 'Conditions', place.stack),
    mappings: section(body, 'Mappings', place.stack),
    outputs: section(body, 'Outputs', place.stack),
    resources,
  };
}
