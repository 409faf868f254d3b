/**
 * Operations on things.
 */

import { randomUUID } from 'node:crypto';
import { isObject } from '../../../contracts/json.ts';
import { AwsError } from '../../types.ts';
import type { Thing } from '../registry.ts';
import { type Call, invalid, type Operation } from '../rest.ts';
import { type ControlPlaneOptions, notFound } from './context.ts';

const NAME = /^[a-zA-Z0-9:_-]{1,128}$/;
const ATTRIBUTE = /^[a-zA-Z0-9_.,@/:#=[\]-]*$/;

/** The operations on things: made, described, listed, changed, deleted. */
export const things = ({
  registry,
  arnPrefix,
  thingTypes,
  deprecatedTypes,
}: ControlPlaneOptions): readonly Operation[] => {
  const arn = (name: string): string => `${arnPrefix}thing/${name}`;
  const nameOf = ({ path }: Call): string => {
    const name = path['thingName'] ?? '';
    if (!NAME.test(name)) throw invalid(`${JSON.stringify(name)} is not a thing name.`);
    return name;
  };
  const existing = (call: Call): Thing => {
    const name = nameOf(call);
    const thing = registry.thing(name);
    if (thing === undefined) throw notFound(`Thing ${name}`);
    return thing;
  };
  const access = (action: string) => (call: Call) => ({
    action,
    resource: arn(call.path['thingName'] ?? ''),
  });
  const typeOf = (value: unknown): string | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || !thingTypes.has(value)) throw notFound(`Thing type ${String(value)}`);
    if (deprecatedTypes.has(value)) throw invalid(`Thing type ${value} is deprecated.`);
    return value;
  };
  const expectVersion = (thing: Thing, expected: unknown): void => {
    if (expected !== undefined && expected !== null && Number(expected) !== thing.version) {
      throw new AwsError(
        'VersionConflictException',
        `Thing ${thing.name} has version ${thing.version}.`,
        409,
      );
    }
  };
  return [
    {
      route: 'POST /things/{thingName}',
      access(call) {
        const type = call.json()['thingTypeName'];
        return [
          { action: 'iot:CreateThing', resource: arn(call.path['thingName'] ?? '') },
          ...(typeof type === 'string'
            ? [{ action: 'iot:CreateThing', resource: `${arnPrefix}thingtype/${type}` }]
            : []),
        ];
      },
      run(call) {
        const name = nameOf(call);
        const body = call.json();
        const wanted = {
          typeName: typeOf(body['thingTypeName']),
          attributes: attributesOf(body['attributePayload']),
        };
        let thing = registry.thing(name);
        // The same again is answered as the first time.
        if (
          thing !== undefined &&
          !(thing.typeName === wanted.typeName && sameRecord(thing.attributes, wanted.attributes))
        ) {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `Thing ${name} already exists with different settings.`,
            409,
          );
        }
        if (thing === undefined) {
          thing = { name, id: randomUUID(), version: 1, ...wanted };
          registry.putThing(thing);
        }
        return { thingName: name, thingArn: arn(name), thingId: thing.id };
      },
    },
    {
      route: 'GET /things/{thingName}',
      access: access('iot:DescribeThing'),
      run(call) {
        const thing = existing(call);
        return {
          defaultClientId: thing.name,
          thingName: thing.name,
          thingId: thing.id,
          thingArn: arn(thing.name),
          thingTypeName: thing.typeName,
          attributes: thing.attributes,
          version: thing.version,
        };
      },
    },
    {
      route: 'PATCH /things/{thingName}',
      access: access('iot:UpdateThing'),
      run(call) {
        const thing = existing(call);
        const body = call.json();
        expectVersion(thing, body['expectedVersion']);
        const payload = body['attributePayload'];
        const merge = isObject(payload) && payload['merge'] === true;
        const given = payload === undefined ? thing.attributes : attributesOf(payload);
        const attributes = merge ? { ...thing.attributes, ...given } : given;
        registry.putThing({
          ...thing,
          typeName:
            body['removeThingType'] === true ? undefined : (typeOf(body['thingTypeName']) ?? thing.typeName),
          // An empty value removes an attribute.
          attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== '')),
          version: thing.version + 1,
        });
        return {};
      },
    },
    {
      route: 'DELETE /things/{thingName}',
      access: access('iot:DeleteThing'),
      run(call) {
        const name = nameOf(call);
        const thing = registry.thing(name);
        // Deleting what is not there succeeds.
        if (thing === undefined) return {};
        expectVersion(thing, call.query.get('expectedVersion') ?? undefined);
        if (registry.certificatesOf(name).size > 0) {
          throw invalid(`Cannot delete. Thing ${name} is still attached to one or more principals`);
        }
        registry.removeThing(name);
        return {};
      },
    },
  ];
};

const attributesOf = (payload: unknown): Readonly<Record<string, string>> => {
  const attributes = isObject(payload) ? (payload['attributes'] ?? {}) : {};
  if (!isObject(attributes)) throw invalid('attributes is not an object.');
  const entries = Object.entries(attributes).map(([name, value]): [string, string] => {
    if (!/^[a-zA-Z0-9_.,@/:#-]{1,128}$/.test(name))
      throw invalid(`${JSON.stringify(name)} is not an attribute name.`);
    if (typeof value !== 'string' || value.length > 800 || !ATTRIBUTE.test(value)) {
      throw invalid(`The attribute ${name} has a value that is not allowed.`);
    }
    return [name, value];
  });
  return Object.fromEntries(entries);
};

const sameRecord = (
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): boolean => {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
};
