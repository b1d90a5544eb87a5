/** What operators did across tenants. Written below the rooms, because engines' doors record their acts as well. */
export { type OperatorAct, recordAct } from '#platform/audit';
