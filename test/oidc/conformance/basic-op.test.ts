import { describe } from 'vitest';
import { testBasicPlan } from './basic-modules.ts';

describe('plan Basic OP', () => testBasicPlan({}));
