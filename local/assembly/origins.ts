/** Addresses of AWS in resolved templates, and what stands here in their place. */
import { isObject } from '../../contracts/json.ts';
import type { Assembly, Json, JsonObject, Resource } from '../types.ts';

/** Origins of AWS, without a slash at the end, and those of this computer: `https://x.cloudfront.net`, `http://localhost:1`. */
export type Origins = ReadonlyMap<string, string>;

/** Puts origins of this computer into a text. */
export const replaceOrigins = (text: string, origins: Origins): string => {
  let replaced = text;
  for (const [theirs, ours] of origins) replaced = replaced.replaceAll(theirs, ours);
  return replaced;
};

const replaced = (value: Json, origins: Origins): Json => {
  if (typeof value === 'string') return replaceOrigins(value, origins);
  if (Array.isArray(value)) return value.map((entry: Json) => replaced(entry, origins));
  return isObject(value) ? inObject(value, origins) : value;
};

const inObject = (object: JsonObject, origins: Origins): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, replaced(value, origins)]));

/** The same assembly with these origins in properties and outputs; names and ARNs stay. */
export const withOrigins = (assembly: Assembly, origins: Origins): Assembly => {
  const ours = new Map<Resource, Resource>(
    assembly.resources.map((resource) => [
      resource,
      { ...resource, properties: inObject(resource.properties, origins) },
    ]),
  );
  const own = (resource: Resource): Resource => ours.get(resource) ?? resource;
  const byType = Map.groupBy(ours.values(), ({ type }) => type);
  return {
    ...assembly,
    resources: [...ours.values()],
    byType: (type) => byType.get(type) ?? [],
    find: (arnOrId) => {
      const found = assembly.find(arnOrId);
      return found && own(found);
    },
    outputs: new Map([...assembly.outputs].map(([stack, of]) => [stack, inObject(of, origins)])),
  };
};
