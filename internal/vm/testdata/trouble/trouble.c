// SPDX-License-Identifier: GPL-2.0
/* A module that gets into the trouble that its parameter names when it loads. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/string.h>

static char *trouble = "none";
module_param(trouble, charp, 0);
MODULE_PARM_DESC(trouble, "none, fail, warn, warn-once, oops, panic or hang");

static int __init trouble_init(void)
{
	int *nowhere = NULL;

	pr_info("trouble: %s\n", trouble);
	if (!strcmp(trouble, "fail"))
		return -EBUSY;
	if (!strcmp(trouble, "warn"))
		WARN(1, "trouble on request\n");
	if (!strcmp(trouble, "warn-once"))
		WARN_ON_ONCE(1);
	if (!strcmp(trouble, "oops"))
		WRITE_ONCE(*nowhere, 1);
	if (!strcmp(trouble, "panic"))
		panic("trouble on request");
	if (!strcmp(trouble, "hang"))
		msleep(3600 * 1000);
	return 0;
}

static void __exit trouble_exit(void)
{
}

module_init(trouble_init);
module_exit(trouble_exit);
MODULE_DESCRIPTION("Gets into trouble on request");
MODULE_LICENSE("GPL");
