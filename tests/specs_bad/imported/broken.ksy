meta: {id: broken
