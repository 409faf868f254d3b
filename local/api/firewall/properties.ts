/**
 * A web ACL as far as the local firewall understands it. Every object is strict: what would block or let pass a request
 * in AWS and is not known here stops the start by name.
 */
import * as z from 'zod';

const ignored = z.unknown().optional();
const empty = z.looseObject({});

const transformations = z
  .array(
    z.strictObject({
      Priority: z.coerce.number(),
      Type: z.enum(['NONE', 'LOWERCASE'], 'is not supported locally: only NONE and LOWERCASE are'),
    }),
  )
  .min(1);

const field = z.strictObject({
  Body: z
    .strictObject({ OversizeHandling: z.enum(['CONTINUE', 'MATCH', 'NO_MATCH']).default('CONTINUE') })
    .optional(),
  Method: empty.optional(),
  QueryString: empty.optional(),
  SingleHeader: z.strictObject({ Name: z.string() }).optional(),
  UriPath: empty.optional(),
});
export type Field = z.output<typeof field>;

const action = z.strictObject(
  { Allow: empty.optional(), Block: z.strictObject({}).optional(), Count: empty.optional() },
  'is not supported locally: only Allow, Block without a custom response, and Count are',
);

const match = { FieldToMatch: field, TextTransformations: transformations };

const statement = z.strictObject({
  get AndStatement() {
    return z.strictObject({ Statements: z.array(statement).min(2) }).optional();
  },
  get OrStatement() {
    return z.strictObject({ Statements: z.array(statement).min(2) }).optional();
  },
  get NotStatement() {
    return z.strictObject({ Statement: statement }).optional();
  },
  RegexMatchStatement: z.strictObject({ ...match, RegexString: z.string() }).optional(),
  SizeConstraintStatement: z
    .strictObject({
      ...match,
      ComparisonOperator: z.enum(['EQ', 'NE', 'LE', 'LT', 'GE', 'GT']),
      Size: z.coerce.number(),
    })
    .optional(),
  RateBasedStatement: z
    .strictObject({
      AggregateKeyType: z.literal('IP', 'is not supported locally: only IP is'),
      Limit: z.coerce.number(),
      EvaluationWindowSec: z.coerce.number().default(300),
    })
    .optional(),
  ManagedRuleGroupStatement: z
    .strictObject({
      VendorName: z.string(),
      Name: z.string(),
      Version: ignored,
      RuleActionOverrides: z.array(z.strictObject({ Name: z.string(), ActionToUse: action })).default([]),
    })
    .optional(),
});
export type Statement = z.output<typeof statement>;

const rule = z.strictObject({
  Name: z.string(),
  Priority: z.coerce.number(),
  Action: action.optional(),
  OverrideAction: z.strictObject({ None: empty.optional(), Count: empty.optional() }).optional(),
  Statement: statement,
  VisibilityConfig: ignored,
  RuleLabels: ignored,
});
export type Rule = z.output<typeof rule>;

const inspected = z.strictObject({
  DefaultSizeInspectionLimit: z.enum(['KB_16', 'KB_32', 'KB_48', 'KB_64']),
});

export const webAcl = z.strictObject({
  Name: z.string().optional(),
  Description: ignored,
  Scope: z.literal('REGIONAL'),
  DefaultAction: z.strictObject({ Allow: empty }, 'is not supported locally: only Allow is'),
  Rules: z.array(rule).default([]),
  AssociationConfig: z
    .strictObject({ RequestBody: z.strictObject({ API_GATEWAY: inspected.optional() }).optional() })
    .optional(),
  VisibilityConfig: ignored,
  Tags: ignored,
});

export const association = z.strictObject({ ResourceArn: z.string(), WebACLArn: z.string() });
