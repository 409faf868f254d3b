import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../contracts/generate-openapi.ts';
import { ROUTES } from '../../contracts/routes/index.ts';

const document = openApiDocument();

describe('openapi.json', () => {
  it('is what the routes give', () => {
    const file = readFileSync(new URL('../../contracts/openapi.json', import.meta.url), 'utf8');
    expect(file).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  it('holds every route, and no reference that leads nowhere', () => {
    const { paths, components } = JSON.parse(JSON.stringify(document));
    for (const [name, { path, method }] of Object.entries(ROUTES))
      expect(paths[path][method]).toMatchObject({ operationId: name });
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const [, kind = '', name = ''] =
        /^#\/components\/(schemas|responses)\/([\w.-]+)$/.exec(reference ?? '') ?? [];
      expect(Object.keys(components[kind] ?? {})).toContain(name);
    }
  });

  it('says what may be left out when sent, and what is always answered', () => {
    const { components } = JSON.parse(JSON.stringify(document));
    expect(components.schemas.ChannelInput.required).toEqual(['unit']);
    expect(components.schemas.Channel.required).toEqual(['unit', 'type', 'kind']);
  });
});
