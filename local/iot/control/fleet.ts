/**
 * Operations on all things: what whoever removes a deployment asks for.
 */
import type { Operation } from '../rest.ts';
import { type ControlPlaneOptions, notFound } from './context.ts';

const PAGE = 250;

/** One page of what is listed by name; the token is the last name of the page before. */
const pageOf = <T>(
  all: Iterable<T>,
  nameOf: (item: T) => string,
  { after, size }: { readonly after: string; readonly size: string | null },
): { readonly items: readonly T[]; readonly next: string | undefined } => {
  const rest = [...all]
    .filter((item) => nameOf(item) > after)
    .sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const items = rest.slice(0, Math.min(PAGE, Number(size ?? PAGE)));
  const last = items.at(-1);
  return { items, next: rest.length > items.length && last !== undefined ? nameOf(last) : undefined };
};

export const fleet = ({
  registry,
  arnPrefix,
  policies,
  thingTypes,
  deprecatedTypes,
}: ControlPlaneOptions): readonly Operation[] => [
  {
    route: 'GET /things',
    access: () => ({ action: 'iot:ListThings', resource: '*' }),
    run({ query }) {
      const type = query.get('thingTypeName');
      const wanted = registry.things.filter(({ typeName }) => type === null || typeName === type);
      const { items, next } = pageOf(wanted, ({ name }) => name, {
        after: query.get('nextToken') ?? '',
        size: query.get('maxResults'),
      });
      return {
        things: items.map(({ name, typeName, attributes, version }) => ({
          thingName: name,
          thingArn: `${arnPrefix}thing/${name}`,
          thingTypeName: typeName,
          attributes,
          version,
        })),
        nextToken: next,
      };
    },
  },
  {
    route: 'POST /policy-targets/{policyName}',
    access: ({ path }) => ({
      action: 'iot:ListTargetsForPolicy',
      resource: `${arnPrefix}policy/${path['policyName']}`,
    }),
    run({ path, query }) {
      const name = path['policyName'] ?? '';
      if (!policies.has(name)) throw notFound(`Policy ${name}`);
      const { items, next } = pageOf(registry.certificatesWith(name), (id) => id, {
        after: query.get('marker') ?? '',
        size: query.get('pageSize'),
      });
      return { targets: items.map((id) => `${arnPrefix}cert/${id}`), nextMarker: next };
    },
  },
  {
    route: 'POST /thing-types/{thingTypeName}/deprecate',
    access: ({ path }) => ({
      action: 'iot:DeprecateThingType',
      resource: `${arnPrefix}thingtype/${path['thingTypeName']}`,
    }),
    run({ path, json }) {
      const name = path['thingTypeName'] ?? '';
      if (!thingTypes.has(name)) throw notFound(`Thing type ${name}`);
      if (json()['undoDeprecate'] === true) deprecatedTypes.delete(name);
      else deprecatedTypes.add(name);
      return {};
    },
  },
];
