/** AWS WAF in front of the API: requests of an address, sizes of bodies and queries by route, and rules that AWS keeps. */
import type * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { ROUTES, type RouteName } from '../../contracts/routes/index.ts';

export interface FirewallProps {
  readonly stage: apigateway.Stage;
  /** Requests of one address within five minutes. */
  readonly requestsPerAddress: number;
}

/** Routes whose bodies may have the 256 KiB of the contract: the others never need more than {@link BODY_BYTES}. */
const LARGE_BODIES: readonly RouteName[] = ['createType', 'replaceType'];
/** Routes that take lists of devices and channels in the query. */
const LONG_QUERIES: readonly RouteName[] = ['readSeries', 'readManySeries', 'readSnapshot'];
const BODY_BYTES = 32 * 1024;
const QUERY_BYTES = 2_048;

const visible = (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});

const AS_SENT = [{ priority: 0, type: 'NONE' }];

/** The path of one of these routes, with the stage in front of it or, behind a domain of one's own, without. */
const pathOf = (names: readonly RouteName[]): wafv2.CfnWebACL.StatementProperty => ({
  regexMatchStatement: {
    fieldToMatch: { uriPath: {} },
    textTransformations: AS_SENT,
    regexString: `^(/[^/]+)?(${names.map((name) => ROUTES[name].path.replaceAll(/\{\w+\}/g, '[^/]+')).join('|')})$`,
  },
});

const longerThan = (
  size: number,
  fieldToMatch: wafv2.CfnWebACL.FieldToMatchProperty,
): wafv2.CfnWebACL.StatementProperty => ({
  sizeConstraintStatement: { comparisonOperator: 'GT', size, fieldToMatch, textTransformations: AS_SENT },
});

/** What is too long, except on some routes. */
const tooLong = (
  what: wafv2.CfnWebACL.StatementProperty,
  except: readonly RouteName[],
): wafv2.CfnWebACL.StatementProperty => ({
  andStatement: { statements: [what, { notStatement: { statement: pathOf(except) } }] },
});

const ofAws = (
  name: string,
  counted: readonly string[] = [],
): Pick<wafv2.CfnWebACL.RuleProperty, 'overrideAction' | 'statement'> => ({
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name,
      ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
    },
  },
});

/** A web ACL for the API: AWS's managed rules, and a limit of requests of an address. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { stage, requestsPerAddress }: FirewallProps) {
    super(scope, id);
    const block = (
      name: string,
      statement: wafv2.CfnWebACL.StatementProperty,
    ): Omit<wafv2.CfnWebACL.RuleProperty, 'priority' | 'visibilityConfig'> => ({
      name,
      action: { block: {} },
      statement,
    });
    const rules = [
      block('rate-by-address', { rateBasedStatement: { aggregateKeyType: 'IP', limit: requestsPerAddress } }),
      // Longer bodies than the firewall is given fit as well: it cannot measure them.
      block(
        'body-size',
        tooLong(longerThan(BODY_BYTES, { body: { oversizeHandling: 'MATCH' } }), LARGE_BODIES),
      ),
      block('query-size', tooLong(longerThan(QUERY_BYTES, { queryString: {} }), LONG_QUERIES)),
      {
        name: 'common',
        // Their 8 KB and 2 KB are less than the contract allows: the two rules above hold the sizes.
        ...ofAws('AWSManagedRulesCommonRuleSet', ['SizeRestrictions_BODY', 'SizeRestrictions_QUERYSTRING']),
      },
      { name: 'known-bad-inputs', ...ofAws('AWSManagedRulesKnownBadInputsRuleSet') },
    ];
    const acl = new wafv2.CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      associationConfig: { requestBody: { API_GATEWAY: { defaultSizeInspectionLimit: 'KB_32' } } },
      visibilityConfig: visible('labgate'),
      rules: rules.map((rule, priority) => ({ ...rule, priority, visibilityConfig: visible(rule.name) })),
    });
    new wafv2.CfnWebACLAssociation(this, 'Association', {
      resourceArn: stage.stageArn,
      webAclArn: acl.attrArn,
    });
  }
}
