"""The DynamoDB table, and an application's own client of one."""
