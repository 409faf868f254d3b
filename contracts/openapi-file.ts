/** Where the OpenAPI document is. */

/**
 * The document beside this module. Bundled into a function, this module is part of the bundle, and the document is
 * beside that: see `files` in `lib/constructs/lambda-function.ts`.
 */
export const OPENAPI_FILE = new URL('openapi.json', import.meta.url);
