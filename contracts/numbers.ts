/** Numbers that can be kept. */
import * as z from 'zod';

/** Least and greatest magnitude of a number of DynamoDB ("Supported data types", 1E-130 to 9.99E+125), besides 0. */
const LEAST = 1e-130;
const GREATEST = 9.99e125;

/** Whether DynamoDB keeps a number. */
export const isStorable = (value: number): boolean => {
  const size = Math.abs(value);
  return size === 0 || (size >= LEAST && size <= GREATEST);
};

/** A number that is kept as one, not as part of a document: what DynamoDB refuses is refused at the border. */
export const storableNumber = (schema: z.ZodNumber = z.number()) =>
  schema.refine(isStorable, 'use 0 or a number of a magnitude from 1e-130 to 9.99e125');
