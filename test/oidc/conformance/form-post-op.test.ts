import { describe } from 'vitest';
import { testBasicPlan } from './basic-modules.ts';

describe('plan Form Post OP', () => testBasicPlan({ response_mode: 'form_post' }));
