/** In the place of an identifier: a type that is not there yet. No identifier has a plus. */
export const NEW_TYPE = '+new';
