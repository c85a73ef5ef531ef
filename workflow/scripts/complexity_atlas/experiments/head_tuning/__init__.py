"""Does the risk of a linear head fall as the network under it grows?

After Luo, Wang and Huang, "Investigating the Impact of Model Complexity in Large Language Models"
(arXiv 2410.00699), who model a frozen language model as features x of hidden Markov states z. Read
there: the model, and that the excess risk rises, peaks where features are as many as samples, and
falls again. Derived here: bias and variance of one formula for ridge and least norm (`theory`), the
total risk, which does have a first descent where the chain is informative, and the same curve for
heads on a frozen network of the zoo (`linear_heads`).
"""
