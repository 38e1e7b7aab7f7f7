// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The modules under test, and the places in them that call.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "faults.h"

#define MOST_MODULES 32

static char *modules[MOST_MODULES];
static int module_count;
module_param_array(modules, charp, &module_count, 0);
MODULE_PARM_DESC(modules, "names of the modules whose calls count");

/* A place that calls. Its address is inverted: nothing here may look like a pointer into a module. */
struct place {
	unsigned long inverted;
	const char *symbol;
	char text[96];
};

struct watched {
	struct module *module;
	struct task_struct *loader;
	unsigned int load; /* of all loads of modules under test */
};

static struct watched watched[MOST_MODULES];
static struct place *places;
static unsigned long place_count;
static unsigned int loads;
static DEFINE_RAW_SPINLOCK(lock);

static const struct watched *find_watched(unsigned long address)
{
	int i;

	for (i = 0; i < module_count; i++) {
		struct module *module = READ_ONCE(watched[i].module);

		if (module && within_module(address, module))
			return &watched[i];
	}
	return NULL;
}

char context_of(unsigned long address)
{
	const struct watched *of = find_watched(address);

	if (!of)
		return 0;
	if (!in_task())
		return 'o';
	if (of->loader == current)
		return 'i';
	return of->module->state == MODULE_STATE_GOING ? 'x' : 'o';
}

unsigned int find_load(unsigned long address)
{
	const struct watched *of = find_watched(address);

	return of ? of->load : 0;
}

bool is_gone(unsigned int load)
{
	int i;

	for (i = 0; i < module_count; i++)
		if (watched[i].load == load)
			return !READ_ONCE(watched[i].module);
	return true;
}

unsigned short find_place(unsigned long caller, const char *symbol)
{
	unsigned long flags, i;

	fault_lock(&lock, flags);
	for (i = 0; i < place_count; i++)
		if (places[i].inverted == ~caller && places[i].symbol == symbol)
			break;
	if (i == place_count && place_count < MOST_PLACES) {
		places[i].inverted = ~caller;
		places[i].symbol = symbol;
		snprintf(places[i].text, sizeof(places[i].text), "%pS", (void *)caller);
		place_count++;
	}
	fault_unlock(&lock, flags);
	return i;
}

const char *place_text(unsigned short place)
{
	return place < MOST_PLACES ? places[place].text : "?";
}

const char *place_symbol(unsigned short place)
{
	return place < MOST_PLACES ? places[place].symbol : "?";
}

static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *module = data;
	int i;

	for (i = 0; i < module_count; i++) {
		if (strcmp(module->name, modules[i]))
			continue;
		watched[i].loader = state == MODULE_STATE_COMING ? current : NULL;
		if (state == MODULE_STATE_COMING)
			watched[i].load = ++loads;
		WRITE_ONCE(watched[i].module, state == MODULE_STATE_GOING ? NULL : module);
	}
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = on_module };

int places_start(void)
{
	int error;

	places = vzalloc(MOST_PLACES * sizeof(*places));
	if (!places)
		return -ENOMEM;
	error = register_module_notifier(&notifier);
	if (error)
		vfree(places);
	return error;
}

void places_stop(void)
{
	unregister_module_notifier(&notifier);
	vfree(places);
}
