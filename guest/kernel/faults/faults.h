/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KMODTEST_FAULTS_H
#define KMODTEST_FAULTS_H

#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define MOST_PLACES 512

/*
 * A probe runs in the handler of its trap, which lockdep takes for that of an
 * NMI, where it allows no lock that is also taken elsewhere. Probed functions
 * are not called from real NMIs.
 */
#define fault_lock(lock, flags)                   \
	do {                                      \
		lockdep_off();                    \
		raw_spin_lock_irqsave(lock, flags); \
	} while (0)
#define fault_unlock(lock, flags)                      \
	do {                                           \
		raw_spin_unlock_irqrestore(lock, flags); \
		lockdep_on();                          \
	} while (0)

int places_start(void);
void places_stop(void);

/*
 * Returns who calls from this address of a module under test. i: the task that
 * loads the module, in its init function; x: its exit function; o: any other.
 * 0 if no module under test is there.
 */
char context_of(unsigned long address);

/*
 * Returns the number of the place of a call: which function returns to where.
 * MOST_PLACES if there is no room. The names are those of the moment in which
 * the place is new. Takes its own lock.
 */
unsigned short find_place(unsigned long caller, const char *symbol);
const char *place_text(unsigned short place);	/* "my_init+0x3e/0x80 [my]" */
const char *place_symbol(unsigned short place); /* "kmalloc_trace" */

/*
 * A number of the module under test at this address and of the time that it was
 * loaded; 0 if no module under test is there.
 */
unsigned int find_load(unsigned long address);
/* Whether that module has been unloaded since. */
bool is_gone(unsigned int load);

/* The memory that modules under test have allocated and nobody has freed. */
int memory_start(void);
void memory_watch(void); /* from now on */
void memory_unwatch(void);
void memory_stop(void);
/* Notes what a place allocates, if a module under test is there. Takes its own lock, as forget() does. */
void track(unsigned long caller, const void *pointer, size_t size, const char *symbol);
/* It is not the module's any more. */
void forget(const void *pointer);
/* How many objects are left of modules that are gone. */
unsigned long memory_left(void);
/* How many objects a module has freed although they were free, or at an address behind their beginning. */
unsigned int freed_wrongly(void);
/* Writes a line for each place that left some, and for each wrong free. Returns the length. */
size_t memory_lines(char *to, size_t size);

/* Memory that does not come from slab caches. */
void allocators_watch(void);
void allocators_unwatch(void);

#endif
