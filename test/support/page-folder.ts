/** A page so small that nothing has to be built for it. */
import { fileURLToPath } from 'node:url';

export const PAGE_FOLDER = fileURLToPath(new URL('page', import.meta.url));
