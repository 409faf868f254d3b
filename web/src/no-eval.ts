/** Loaded before all schemas: Zod would try to make code of text, which the policy of the page forbids and reports. */
import * as z from 'zod';

z.config({ jitless: true });
