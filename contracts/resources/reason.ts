/** Why somebody changes what the audit is about: one member, `reason`, in the body of the request. */
import * as z from 'zod';

/** Why, in the words of whoever does it. */
export const reason = z.string().min(1).max(1000).meta({ description: 'Why, for the audit' });

/** What is said when something is taken away. */
export const removal = z.object({ reason }).strict().meta({ id: 'Removal' });
